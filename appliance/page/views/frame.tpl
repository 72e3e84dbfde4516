<!doctype html>
<html lang="{{language.tag}}" dir="{{language.direction}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{title}} · Audio Appliance</title>
<link rel="stylesheet" href="/static/page.css">
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="manifest" href="/static/page.webmanifest">
% if visitor and visitor.csrf:
<meta name="csrf" content="{{visitor.csrf}}">
% end
<script type="application/json" id="words">{{!script_words()}}</script>
<script type="module" src="/static/page.js"></script>
</head>
<body>
<a class="skip" href="#main">{{_("To the content")}}</a>
% if visitor:
<nav aria-label="{{_('Pages')}}">
% for where, name in (("/", _("Now")), ("/clips", _("Clips")), ("/messages", _("Messages")), ("/health", _("Health")), ("/settings", _("Settings"))):
<a href="{{where}}"{{!' aria-current="page"' if path == where else ""}}>{{name}}</a>
% end
% if visitor.csrf:
<form method="post" action="/logout"><button class="quiet">{{_("Log out")}}</button></form>
% end
</nav>
% end
<main id="main">
<h1>{{title}}</h1>
{{!base}}
</main>
<footer>
<form method="post" action="/language" class="languages">
% include("csrf.tpl")
<input type="hidden" name="back" value="{{seen_at}}">
<label for="language">{{_("Language")}}</label>
<select id="language" name="language">
% for each in languages.values():
<option value="{{each.code}}" lang="{{each.tag}}"{{!" selected" if each.code == language.code else ""}}>{{each.name}}</option>
% end
</select>
<button class="quiet">{{_("Change")}}</button>
</form>
</footer>
<p id="said" role="status" aria-live="polite"></p>
</body>
</html>
