% for at, piece in enumerate(text.split("`")):
{{!"<code>" if at % 2 else ""}}{{piece}}{{!"</code>" if at % 2 else ""}}\\
% end
