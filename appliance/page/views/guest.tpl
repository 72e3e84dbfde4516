<!doctype html>
<html lang="{{language.tag}}" dir="{{language.direction}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{_("Leave a recording")}}</title>
<link rel="stylesheet" href="/static/page.css">
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
% if visitor and visitor.csrf:
<meta name="csrf" content="{{visitor.csrf}}">
% end
<script type="application/json" id="words">{{!script_words()}}</script>
<script type="module" src="/static/guest.js"></script>
</head>
<body>
<main id="main" class="guest">
<h1>{{_("Leave a recording")}}</h1>
% if message:
<p class="warning" role="alert">{{message}}</p>
% end
% if visitor is None:
<form method="post" action="/guest" class="login" id="admission">
<label for="code">{{_("The code that you were given")}}</label>
<input type="text" id="code" name="code" inputmode="numeric" autocomplete="off" maxlength="20" required>
<button>{{_("Go on")}}</button>
</form>
% elif not rules["allowed"] or rules["full"]:
<p>{{_("Nobody can leave a recording here at the moment.")}}</p>
% else:
<noscript><p class="warning">{{_("This needs JavaScript, which is switched off in this browser.")}}</p></noscript>
<div id="recorder" data-longest="{{rules["longest"]}}" data-bytes="{{rules["most_bytes"]}}" hidden>
<p class="doing" id="time" role="timer">0:00</p>
<meter id="hearing" min="0" max="1" value="0" aria-label="{{_('Level')}}" hidden></meter>
<div class="buttons"><button type="button" id="record" class="big record">{{_("Record")}}</button></div>
</div>
<div id="instead" hidden>
<p id="insecure" class="warning" hidden>{{_("This browser records on pages with HTTPS only. Your phone's own recorder does it instead:")}}</p>
<p><label class="button" for="file">{{_("Record with the phone, or choose a sound")}}</label>
<input type="file" id="file" accept="audio/*" capture class="hidden"></p>
</div>
<p id="sending" hidden><label>{{_("Sending")}} <progress id="way" max="1" value="0"></progress></label></p>
<p id="told" role="status" aria-live="polite"></p>
<form class="login" id="anew" hidden>
<label for="code">{{_("The code that you were given")}}</label>
<input type="text" id="code" name="code" inputmode="numeric" autocomplete="off" maxlength="20" required>
<button>{{_("Go on")}}</button>
</form>
<div class="buttons" id="again" hidden><button type="button" id="retry">{{_("Send it again")}}</button></div>
% end
</main>
</body>
</html>
