<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Leave a recording</title>
<link rel="stylesheet" href="/static/page.css">
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
% if visitor and visitor.csrf:
<meta name="csrf" content="{{visitor.csrf}}">
% end
<script type="module" src="/static/guest.js"></script>
</head>
<body>
<main id="main" class="guest">
<h1>Leave a recording</h1>
% if message:
<p class="warning" role="alert">{{message}}</p>
% end
% if visitor is None:
<form method="post" action="/guest" class="login" id="admission">
<label for="code">The code that you were given</label>
<input type="text" id="code" name="code" inputmode="numeric" autocomplete="off" maxlength="20" required>
<button>Go on</button>
</form>
% elif not rules["allowed"]:
<p>Nobody can leave a recording here at the moment.</p>
% else:
<noscript><p class="warning">This needs JavaScript, which is switched off in this browser.</p></noscript>
<div id="recorder" data-longest="{{rules["longest"]}}" data-bytes="{{rules["most_bytes"]}}" hidden>
<p class="doing" id="time" role="timer">0:00</p>
<meter id="hearing" min="0" max="1" value="0" aria-label="Level" hidden></meter>
<div class="buttons"><button type="button" id="record" class="big record">Record</button></div>
</div>
<div id="instead" hidden>
<p id="insecure" class="warning" hidden>This browser records on pages with HTTPS only. Your phone's own recorder does it instead:</p>
<p><label class="button" for="file">Record with the phone, or choose a sound</label>
<input type="file" id="file" accept="audio/*" capture class="hidden"></p>
</div>
<p id="sending" hidden><label>Sending <progress id="way" max="1" value="0"></progress></label></p>
<p id="told" role="status" aria-live="polite"></p>
<div class="buttons" id="again" hidden><button type="button" id="retry">Send it again</button></div>
% end
</main>
</body>
</html>
