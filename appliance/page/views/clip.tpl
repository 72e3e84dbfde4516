% rebase("frame.tpl", title=entry["title"] or f"{entry['date']} {entry['time']}", visitor=visitor, path="")
% def button(word, label, look="", about="", back=here, **given):
%   include("button.tpl", word=word, label=label, look=look, about=about, given=given, visitor=visitor, path=back)
% end
<div class="line">
<time datetime="{{entry["iso"]}}">{{entry["date"]}} {{entry["time"]}}</time>
<span>{{entry["length"]}}</span>
% if entry["starred"]:
% button("clips.star", "★", "star", about=_("Take the star away"), clip=entry["id"], starred="false")
% else:
% button("clips.star", "☆", "star", about=_("Give it a star"), clip=entry["id"], starred="true")
% end
% if entry["undecided"]:
% button("clips.keep", _("Keep it"), about=_("Nobody has decided about it"), back="/" if entry["is_greeting"] else here, clip=entry["id"])
% end
% if entry["approved"]:
% button("clips.approve", _("Approved"), "star", about=_("Approve of it no more"), clip=entry["id"], approved="false")
% else:
% button("clips.approve", _("Approve"), "quiet", about=_("Anybody may hear it"), clip=entry["id"], approved="true")
% end
</div>
% if entry["encrypted"]:
<p>{{_("This is kept encrypted: whoever has the private key can hear it elsewhere. There is no waveform of it here.")}}</p>
% else:
<canvas class="wave" height="96" aria-hidden="true" data-peaks="/api/v1/clips/{{entry["id"]}}/peaks" data-marks="{{" ".join(f"{mark:.3f}" for mark, label in entry["marks"])}}" data-seconds="{{entry["seconds"]}}"></canvas>
<audio id="sound" controls preload="metadata" src="/api/v1/clips/{{entry["id"]}}/sound" aria-label="{{entry["name"]}}"></audio>
% end
<div class="line">
<label id="speed" hidden>{{_("Speed")}} <select>
% for speed in ("0.75", "1", "1.25", "1.5", "2"):
<option value="{{speed}}"{{!" selected" if speed == "1" else ""}}>{{speed}} ×</option>
% end
</select></label>
<a class="button" href="/api/v1/clips/{{entry["id"]}}/sound?download=1" download>{{_("Download")}}</a>
</div>
<h2>{{_("Marks")}}</h2>
<ul class="marks">
% for mark, label in entry["marks"]:
<li><a href="#sound" data-seek="{{f"{mark:.3f}"}}">{{words.clock(mark)}}</a>
% if label:
<span>{{label}}</span>
% end
% button("clips.unmark", _("Remove"), "quiet", about=_("the mark at {time}").format(time=words.clock(mark)), clip=entry["id"], seconds=f"{mark:.3f}")
</li>
% end
</ul>
<form method="post" action="/do/clips.mark" data-word="clips.mark" class="line">
% include("csrf.tpl")
<input type="hidden" name="back" value="{{here}}">
<input type="hidden" name="clip" value="{{entry["id"]}}">
<label>{{_("Position")}} <input type="text" id="position" name="seconds" value="0:00" size="8" pattern="[0-9:.]+" required></label>
<button>{{_("Mark")}}</button>
</form>
<h2>{{_("What it is")}}</h2>
<form method="post" action="{{here}}/said" class="said">
% include("csrf.tpl")
<input type="hidden" name="back" value="{{here}}">
<label>{{_("Title")}} <input type="text" name="title" value="{{entry["title"]}}" maxlength="200"></label>
<label>{{_("Labels, with commas between")}} <input type="text" name="labels" value="{{", ".join(entry["labels"])}}" maxlength="500" autocapitalize="none"></label>
<label>{{_("Note")}} <textarea name="note" rows="3" maxlength="2000">{{entry["note"]}}</textarea></label>
<button>{{_("Keep")}}</button>
</form>
% if entry["texts"]:
<h2>{{_("What was found in it")}}</h2>
<dl>
% for each in entry["texts"]:
<dt>{{each["processor"]}}</dt><dd class="text">{{each["text"]}}</dd>
% end
</dl>
% end
<h2>{{_("Where it is")}}</h2>
<ul class="facts">
<li>{{_("on this box")}}</li>
% for one in entry["deliveries"]:
<li class="{{one["state"]}}">{{one["destination"]}} {{one["said"]}}</li>
% end
</ul>
% if copies:
<h2>{{_("Looked at just now")}}</h2>
<ul class="facts">
% for each in copies:
<li>{{each}}</li>
% end
</ul>
% end
% if may_change:
<div class="buttons">
% if any(one["state"] in ("pending", "parked") for one in entry["deliveries"]):
% button("clips.retry", _("Send again now"), clip=entry["id"])
% end
% for name in lacking:
% button("clips.deliver", _("Send to {name}").format(name=name), clips=entry["id"], to=name)
% end
% if any(one["state"] == "delivered" for one in entry["deliveries"]):
<form method="post" action="{{here}}/verify">
% include("csrf.tpl")
<button>{{_("Look again whether it is there")}}</button>
</form>
% end
</div>
% end
<h2>{{_("About it")}}</h2>
<dl>
<dt>{{_("File")}}</dt><dd>{{entry["name"]}}.wav, {{entry["size"]}}</dd>
% if entry["of_guest"]:
<dt>{{_("From")}}</dt><dd>{{_("the phone of a guest")}}</dd>
% end
<dt>{{_("Length")}}</dt><dd>{{entry["length"]}}</dd>
% if entry["clock"]:
<dt>{{_("Time")}}</dt><dd>{{_("The clock of the box was not set when this was recorded.")}}</dd>
% end
% if entry["verdict"] or entry["gaps"]:
<dt>{{_("Sound")}}</dt><dd>{{", ".join(filter(None, (entry["verdict"], entry["gaps"])))}}</dd>
% end
% for name, held in entry["fields"].items():
<dt>{{name}}</dt><dd>{{held}}</dd>
% end
% if entry["continues"]:
<dt>{{_("Part")}}</dt><dd>{{_("It carries on")}} <a href="/clips/{{entry["continues"]}}">{{_("the part before it")}}</a>.</dd>
% end
</dl>
% if may_change:
<div class="buttons">
% button("play", _("Play on the box"), source=entry["id"])
% button("playlist.add", _("Put on the playlist of the box"), sources=entry["id"])
% button("clips.delete", _("Delete"), "danger", about=entry["name"], back="/clips", clip=entry["id"])
</div>
% end
