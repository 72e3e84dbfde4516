<!doctype html>
<html lang="{{language.tag}}" dir="{{language.direction}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{_("Clips")}}</title>
<style>
:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 46rem; padding: 1rem; font: 1.0625rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
li { margin-bottom: 1.5rem; } ul { padding: 0; list-style: none; } audio { width: 100%; } h2 { font-size: 1.125rem; margin: 0; } p { margin: .25rem 0; white-space: pre-line; }
</style>
</head>
<body>
<main>
<h1>{{_("Clips")}}</h1>
<ul>
% for name, each in listed:
<li>
<h2>{{"★ " if each["starred"] else ""}}{{each["title"] or each["name"]}}</h2>
<p><time datetime="{{each["iso"]}}">{{each["date"]}} {{each["time"]}}</time>, {{each["length"]}}{{"".join(f", {label}" for label in each["labels"])}}</p>
% if each["note"]:
<p>{{each["note"]}}</p>
% end
% for found in each["texts"]:
<p>{{found["text"]}}</p>
% end
<audio controls preload="none" src="{{quote(name)}}" aria-label="{{each["name"]}}"></audio>
</li>
% end
</ul>
</main>
</body>
</html>
