% rebase("frame.tpl", title=_("Guests"), visitor=visitor, path="/guests")
<p>{{_("Guests leave recordings with their own phones: they scan a code, and see a button to record with and nothing else. What they record becomes a clip like any other.")}}</p>
% if not rules["allowed"]:
<p class="warning">{{_("This is switched off: set {option} in the configuration of the box.").format(option="guests: true")}} <a href="/settings/guests">{{_("Settings")}}</a></p>
% elif not locked:
<p class="warning">{{_("Set a password first, {command}, so that guests can do nothing else.").format(command="appliance web password")}} <a href="/begin">{{_("First steps")}}</a></p>
% else:
% if here:
<p class="warning">{{_("Phones cannot reach the address that you are at. Open this page by the name of the box in your network, and the code will lead there.")}}</p>
% end
% if not records:
<p class="warning">{{_("Browsers let nobody record over plain HTTP: guests will be led to the recorder of their phone, and send what that records. With a certificate (HTTPS) they record on the page itself.")}}</p>
% end
% if code:
<figure class="code">
% if drawing:
<div role="img" aria-label="{{_("QR code that leads guests to {address}").format(address=address)}}">{{!drawing}}</div>
% else:
<p>{{_("To draw the QR code of it, install {package}.").format(package="python3-segno")}}</p>
% end
<figcaption><strong>{{address}}</strong><br>{{_("Code:")}} <strong>{{code}}</strong></figcaption>
</figure>
% else:
<p>{{_("No guest is let in at the moment.")}}</p>
% end
<div class="buttons">
<form method="post" action="/guests/code">
% include("csrf.tpl")
<button>{{_("Make a new code") if code else _("Let guests in")}}</button>
</form>
% if code:
<form method="post" action="/guests/end">
% include("csrf.tpl")
<button class="danger">{{_("Let nobody in any more")}}</button>
</form>
% end
</div>
<p>{{_("Each may be up to {time} long.").format(time=words.long(rules["longest"]))}}
% if code:
{{_("A new code ends the one before, also for who is in.")}}
% end
</p>
% end
