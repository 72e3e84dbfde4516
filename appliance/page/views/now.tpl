% rebase("frame.tpl", title=status["device"], visitor=visitor, path=path)
% def button(word, label, look="", about="", **given):
%   include("button.tpl", word=word, label=label, look=look, about=about, given=given, visitor=visitor, path=path)
% end
% def told(text):
%   include("told.tpl", text=text)
% end
% if is_new and may_change:
<p class="undo"><span>{{_("This box is new.")}}</span> <a class="button" href="/begin">{{_("First steps")}}</a></p>
% end
<section class="now {{"recording" if status["take"] else ""}}" data-live>
<p class="doing" id="doing">{{words.doing(status)}}</p>
<div class="level">
<meter id="level" min="-60" max="0" low="-20" high="-3" optimum="-10" value="{{status["take"]["peak_dbfs"] if status["take"] else -60}}" aria-label="{{_('Level in dBFS')}}"{{!"" if status["take"] else " hidden"}}></meter>
<i id="held" hidden></i>
</div>
% if status["take"]:
<canvas id="take" class="wave" height="64" aria-hidden="true"></canvas>
% end
% if may_change:
<div class="buttons">
% if status["recorder"] != "idle":
% this = {"take_id": status["recording_id"]}
% button("record.stop", _("Stop"), "big stop", **this)
% if status["recorder"] == "paused":
% button("record.resume", _("Go on"), "big", **this)
% else:
% button("record.pause", _("Pause"), "big", **this)
% end
% button("record.mark", _("Mark"), "big", **this)
% else:
<form method="post" action="/do/record.start" data-word="record.start" id="start">
% include("csrf.tpl")
<input type="hidden" name="back" value="{{path}}">
<button class="big record">{{_("Record")}}</button>
</form>
% end
% if status["playback"]:
% button("player.stop", _("Stop playing"), "big", playback_id=status["playback"]["id"])
% elif status["unheard"]:
% button("play.next", _("Play next message"), "big")
% end
</div>
% if may_change and status["recorder"] == "idle":
<div class="tries">
<meter id="hearing" min="-60" max="0" low="-20" high="-3" optimum="-10" value="-60" aria-label="{{_('Level in dBFS')}}" hidden></meter>
<button type="button" class="quiet" data-try="hear" hidden>{{_("Is the microphone well? Speak, and see")}}</button>
<ul class="facts" aria-live="polite"></ul>
</div>
% end
% if choices:
<details class="described">
<summary>{{_("Say what it will be")}}</summary>
<div class="fields">
% if choices["profiles"]:
<label>{{_("Profile")}} <select name="profile" form="start">
<option value="">{{_("none")}}</option>
% for each in choices["profiles"]:
<option>{{each}}</option>
% end
</select></label>
% end
% for name, field in choices["fields"].items():
<label>{{_("Title") if name == "title" else name}}
% if field["choices"] or field["type"] == "yes_no":
<select name="fields.{{name}}" form="start">
<option value="">–</option>
% for value, label in [(each, each) for each in field["choices"]] or [("yes", _("yes")), ("no", _("no"))]:
<option value="{{value}}">{{label}}</option>
% end
</select>
% else:
<input type="text" name="fields.{{name}}" form="start" maxlength="1000" autocomplete="off"{{!' inputmode="decimal"' if field["type"] == "number" else ""}}>
% end
</label>
% end
<label class="check"><input type="checkbox" name="test" value="true" form="start"> {{_("Only a test: it goes nowhere")}}</label>
</div>
</details>
% end
% end
</section>
<section aria-labelledby="well">
<h2 id="well">{{_("All is well") if words.is_well(status) else _("Needs a look")}}</h2>
% if not words.is_well(status) and not status["faults"]:
<p class="warning">\\
% told(status["summary"])
</p>
% end
% if status["faults"]:
<ul class="faults">
% for fault in status["faults"]:
<li class="{{"urgent" if fault["urgent"] else ""}}">
% about = words.fault(fault)
% if about["cause"]:
<strong>\\
% told(about["cause"])
</strong>
% end
<p>\\
% told(fault["message"])
</p>
% if about["next_step"]:
<p>\\
% told(about["next_step"])
</p>
% end
</li>
% end
</ul>
% end
<ul class="facts">
<li>{{words.safety(status)}}</li>
<li>{{words.room(status)}}</li>
% if status["undecided"]:
<li>{{several("{count} recording that nobody has decided about", "{count} recordings that nobody has decided about", status["undecided"])}}</li>
% end
% if status["unheard"]:
<li>{{several("{count} message not heard yet", "{count} messages not heard yet", status["unheard"])}}</li>
% end
% if status["storage"]["warning"]:
<li class="warning">\\
% told(status["storage"]["warning"])
</li>
% end
</ul>
% for name, planned in words.planned(status):
<p>{{name}}: {{planned}}</p>
% end
% for name, listens in words.listening(status):
<p>{{name}}: {{listens}}</p>
% end
<ul class="facts" id="sending">
% for each in status["sending"]:
<li data-destination="{{each["destination"]}}"><label>{{each["destination"]}} <progress max="{{each["size"]}}" value="{{each["sent"]}}"></progress></label> <span>{{words.way(each)}}</span></li>
% end
</ul>
% places = {**dict.fromkeys(status["destinations"], {}), **status["deliveries"]}
% if places:
<table>
<caption>{{_("Destinations")}}</caption>
<thead><tr><th scope="col">{{_("Where")}}</th><th scope="col">{{_("Clips")}}</th></tr></thead>
<tbody>
% for name, counts in places.items():
<tr><th scope="row">{{name}}</th><td>{{", ".join(f"{count} {words.total(state)}" for state, count in counts.items() if count) or _("none yet")}}</td></tr>
% end
</tbody>
</table>
% end
</section>
<script type="module" src="/static/begin.js"></script>
