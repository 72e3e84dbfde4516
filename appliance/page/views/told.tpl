% for at, piece in enumerate(box(text).split("`")):
{{!"<code>" if at % 2 else '<span lang="en">' if is_foreign(text) and piece else ""}}{{piece}}{{!"</code>" if at % 2 else "</span>" if is_foreign(text) and piece else ""}}\\
% end
