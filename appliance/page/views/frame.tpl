<!doctype html>
<html lang="en">
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
<script type="module" src="/static/page.js"></script>
</head>
<body>
<a class="skip" href="#main">To the content</a>
% if visitor:
<nav aria-label="Pages">
% for where, name in (("/", "Now"), ("/clips", "Clips"), ("/messages", "Messages"), ("/health", "Health"), ("/settings", "Settings")):
<a href="{{where}}"{{!' aria-current="page"' if path == where else ""}}>{{name}}</a>
% end
% if visitor.csrf:
<form method="post" action="/logout"><button class="quiet">Log out</button></form>
% end
</nav>
% end
<main id="main">
<h1>{{title}}</h1>
{{!base}}
</main>
<p id="said" role="status" aria-live="polite"></p>
</body>
</html>
