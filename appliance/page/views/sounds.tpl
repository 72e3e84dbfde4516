% rebase("frame.tpl", title=_("What the box says"), visitor=visitor, path="/messages")
% def button(word, label, look="", about="", sure="", **given):
%   include("button.tpl", word=word, label=label, look=look, about=about, sure=sure, given=given, visitor=visitor, path=path)
% end
% if thrown and may_change:
<div class="undo" role="status">
<p>{{_("The sound is thrown away.")}}</p>
% button("sounds.restore", _("Undo"), sound=thrown)
</div>
% end
% if may_change:
<section aria-labelledby="send" id="send-box" data-section="sounds" hidden>
<h2 id="send">{{_("Give the box a sound of your own")}}</h2>
<div class="said">
<label>{{_("For what")}} <select id="use" name="use" data-about="use">
% if of_flow:
<optgroup label="{{_('Whoever comes to the box hears')}}">
% for use in of_flow:
<option value="{{use}}">{{said[use]}}</option>
% end
</optgroup>
% end
<optgroup label="{{_('The box says what happens')}}">
% for use, name in said.items():
% if use not in of_flow:
<option value="{{use}}">{{name}}</option>
% end
% end
</optgroup>
</select></label>
<label data-of="greeting" hidden>{{_("When")}} <select id="day" name="day" data-about="day">
<option value="">{{_("every day that has none of its own")}}</option>
% for value, name in days.items():
<option value="{{value}}">{{_(name)}}</option>
% end
<option value="date">{{_("on one date")}}</option>
</select></label>
% if len(told.get("languages", ())) > 1:
<label data-of="greeting" hidden>{{_("In which language")}} <select name="language" data-about="language">
<option value="">{{_("any that has none of its own")}}</option>
% for each in told["languages"]:
<option>{{each}}</option>
% end
</select></label>
% end
<label data-of="date" hidden>{{_("Date")}} <input type="date" id="date" name="date" data-about="day"></label>
<label>{{_("Title")}} <input type="text" id="title" name="title" maxlength="60" placeholder="{{_('What it is called')}}"></label>
</div>
% include("send.tpl")
</section>
<script type="module" src="/static/send.js"></script>
% end
% if not of_flow:
<p>{{_("Nobody is greeted: for that the box needs a telephone, a booth or a message box.")}}\\
% if may_change:
 <a href="/begin">{{_("What is it for?")}}</a>\\
% end
</p>
% end
% if told["recorded"]:
<section class="undo" aria-labelledby="recorded">
<div>
<h2 id="recorded">{{_("A greeting was recorded at the box itself")}}</h2>
<p>{{_("It is heard every day, before all others.")}}</p>
<audio controls preload="none" src="/api/v1/sounds/greeting/recorded" aria-labelledby="recorded"></audio>
% if may_change:
% button("greeting.forget", _("Forget it"), "danger", sure=_("Forget this greeting for good? There is no copy of it."))
% end
</div>
</section>
% end
% def shown(group):
<section aria-labelledby="of-{{group["use"]}}">
<h2 id="of-{{group["use"]}}">{{group["name"]}}</h2>
% if group["use"] == "greeting" and len(group["given"]) > 1:
<p>{{_("Each guest hears the next one.") if told["order"] == "in_turn" else _("Each guest hears any of them.")}}
% if may_change:
<a href="/settings/flow#order">{{_("Change that")}}</a>
% end
</p>
% end
<ul class="clips">
% for each in group["given"]:
<li>
<div class="line"><strong>{{each["heading"]}}</strong> <span>{{each["length"]}}</span>
% if each["when"]:
<span>{{each["when"]}}</span>
% end
</div>
<audio controls preload="none" src="{{each["source"]}}" aria-label="{{each["heading"]}}"></audio>
% if may_change:
<div class="buttons">
% button("play", _("Play on the box"), about=each["heading"], source=each["path"])
% button("sounds.remove", _("Throw away"), "danger", about=each["heading"], sound=each["id"])
</div>
% end
</li>
% end
% if not group["given"] or (group["use"] == "greeting" and group["configured"] and all(each["day"] for each in group["given"])):
<li>
<div class="line"><span>{{_("as it is configured")}}</span></div>
% if group["configured"].startswith("/api/"):
<audio controls preload="none" src="{{group["configured"]}}" aria-label="{{group["name"]}}"></audio>
% if may_change:
<div class="buttons">
% button("play", _("Play on the box"), about=group["name"], source=told["configured"][group["use"]])
</div>
% end
% else:
<p>{{_("one of those in the folder {folder}").format(folder=group["configured"])}}</p>
% end
</li>
% end
</ul>
</section>
% end
% for group in groups:
% if group["given"] or group["use"] in of_flow:
% shown(group)
% end
% end
% others = [group for group in groups if not group["given"] and group["use"] not in of_flow]
% if others:
<details>
<summary>{{_("Sounds as they are configured")}}</summary>
% for group in others:
% shown(group)
% end
</details>
% end
% if removed and may_change:
<details>
<summary>{{_("Thrown away")}}</summary>
<p>{{_("What was thrown away is kept here for 30 days.")}}</p>
<ul class="clips">
% for each in removed:
<li>
<div class="line"><strong>{{each["heading"]}}</strong> <span>{{each["about"]}}, {{each["length"]}}</span></div>
<audio controls preload="none" src="{{each["source"]}}" aria-label="{{each["heading"]}}"></audio>
% button("sounds.restore", _("Bring back"), about=each["heading"], sound=each["id"])
</li>
% end
</ul>
</details>
% end
