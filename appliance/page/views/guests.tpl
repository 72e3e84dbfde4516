% rebase("frame.tpl", title="Guests", visitor=visitor, path="/guests")
<p>Guests leave recordings with their own phones: they scan a code, and see a button to record with and nothing else. What they record becomes a clip like any other.</p>
% if not rules["allowed"]:
<p class="warning">This is switched off: set <code>guests: true</code> in the configuration of the box.</p>
% elif not locked:
<p class="warning">Set a password first, <code>appliance web password</code>, so that guests can do nothing else.</p>
% else:
% if here:
<p class="warning">Phones cannot reach the address that you are at. Open this page by the name of the box in your network, and the code will lead there.</p>
% end
% if not records:
<p class="warning">Browsers let nobody record over plain HTTP: guests will be led to the recorder of their phone, and send what that records. With a certificate (HTTPS) they record on the page itself.</p>
% end
% if code:
<figure class="code">
% if drawing:
<div role="img" aria-label="QR code that leads guests to {{address}}">{{!drawing}}</div>
% else:
<p>To draw the QR code of it, install <code>python3-segno</code>.</p>
% end
<figcaption><strong>{{address}}</strong><br>Code: <strong>{{code}}</strong></figcaption>
</figure>
% else:
<p>No guest is let in at the moment.</p>
% end
<div class="buttons">
<form method="post" action="/guests/code">
% if visitor.csrf:
<input type="hidden" name="csrf" value="{{visitor.csrf}}">
% end
<button>{{"Make a new code" if code else "Let guests in"}}</button>
</form>
% if code:
<form method="post" action="/guests/end">
% if visitor.csrf:
<input type="hidden" name="csrf" value="{{visitor.csrf}}">
% end
<button class="danger">Let nobody in any more</button>
</form>
% end
</div>
<p>Each may be up to {{words.long(rules["longest"])}} long.\\
% if code:
 A new code ends the one before, also for who is in.\\
% end
</p>
% end
