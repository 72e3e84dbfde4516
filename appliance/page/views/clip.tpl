% rebase("frame.tpl", title=f"{entry['day']} {entry['time']}", visitor=visitor, path="")
% def button(word, label, look="", about="", back=path, **given):
%   include("button.tpl", word=word, label=label, look=look, about=about, given=given, visitor=visitor, path=back)
% end
<audio controls preload="metadata" src="/api/v1/clips/{{entry["id"]}}/sound" aria-label="{{entry["name"]}}"></audio>
<p><a class="button" href="/api/v1/clips/{{entry["id"]}}/sound?download=1" download>Download</a></p>
<dl>
<dt>File</dt><dd>{{entry["name"]}}.wav, {{entry["size"]}}</dd>
<dt>Length</dt><dd>{{entry["length"]}}</dd>
% if entry["clock"]:
<dt>Time</dt><dd>The clock of the box was not set when this was recorded.</dd>
% end
% if entry["verdict"] or entry["gaps"]:
<dt>Sound</dt><dd>{{", ".join(filter(None, (entry["verdict"], entry["gaps"])))}}</dd>
% end
</dl>
<h2>Where it is</h2>
<ul class="facts">
<li>on this box</li>
% for one in entry["deliveries"]:
<li class="{{one["state"]}}">{{one["destination"]}} {{one["said"]}}</li>
% end
</ul>
% if may_change:
<div class="buttons">
% button("play", "Play on the box", source=entry["id"])
% if any(one["state"] in ("pending", "parked") for one in entry["deliveries"]):
% button("clips.retry", "Send again now", clip=entry["id"])
% end
% button("clips.delete", "Delete", "danger", about=entry["name"], back="/clips", clip=entry["id"])
</div>
% end
