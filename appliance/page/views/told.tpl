% known = is_said(text)
% for at, piece in enumerate(sentence(text).split("`")):
{{!"<code>" if at % 2 else '<span lang="en">' if not known and piece else ""}}{{piece}}{{!"</code>" if at % 2 else "</span>" if not known and piece else ""}}\\
% end
