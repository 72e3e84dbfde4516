% rebase("frame.tpl", title=_("Clips"), visitor=visitor, path="/clips")
% def button(word, label, look="", about="", back="/clips", **given):
%   include("button.tpl", word=word, label=label, look=look, about=about, given=given, visitor=visitor, path=back)
% end
% if trashed and may_change:
<div class="undo" role="status">
<p>{{several("{count} clip is in the trash.", "{count} clips are in the trash.", len(trashed))}}</p>
<form method="post" action="/clips/chosen/restore">
% include("csrf.tpl")
% for each in trashed:
<input type="hidden" name="clip" value="{{each}}">
% end
% for name, value in asked.items():
<input type="hidden" name="{{name}}" value="{{value}}">
% end
<button>{{_("Undo")}}</button>
</form>
</div>
% end
<form method="get" action="/clips" role="search" class="search">
<div class="line">
<input type="search" name="text" value="{{asked.get("text", "")}}" aria-label="{{_('Words of title, labels and notes')}}" placeholder="{{_('Title, label, note')}}" maxlength="255">
<button>{{_("Find")}}</button>
</div>
<details{{!" open" if set(asked) - {"text"} else ""}}>
<summary>{{_("Search more closely")}}</summary>
<div class="fields">
<label>{{_("Label")}} <select name="label"><option value="">{{_("any")}}</option>
% for each in sorted({*labels, *filter(None, [asked.get("label")])}):
<option{{!" selected" if asked.get("label") == each else ""}}>{{each}}</option>
% end
</select></label>
<label>{{_("Sound")}} <select name="verdict">
% for value, label in listing.VERDICT_CHOICES.items():
<option value="{{value}}"{{!" selected" if asked.get("verdict", "") == value else ""}}>{{_(label)}}</option>
% end
</select></label>
<label>{{_("Delivery")}} <select name="state">
% for value, label in listing.STATE_CHOICES.items():
<option value="{{value}}"{{!" selected" if asked.get("state", "") == value else ""}}>{{_(label)}}</option>
% end
</select></label>
<label>{{_("From")}} <input type="date" name="since" value="{{asked.get("since", "")}}"></label>
<label>{{_("Up to")}} <input type="date" name="until" value="{{asked.get("until", "")}}"></label>
<label class="check"><input type="checkbox" name="starred" value="true"{{!" checked" if asked.get("starred") else ""}}> {{_("With a star")}}</label>
</div>
</details>
</form>
% if not days:
<p>{{_("No clip was recorded yet.") if first and not wanted else _("There are no such clips.") if first else _("There are no older ones.")}}</p>
% else:
<form id="many" method="post" action="/clips/chosen/download">
% include("csrf.tpl")
% if after:
<input type="hidden" name="after" value="{{after}}">
% end
% for name, value in asked.items():
<input type="hidden" name="{{name}}" value="{{value}}">
% end
<details>
<summary>{{_("What else to do with those that you choose")}}</summary>
<div class="line">
<input type="text" name="labels" aria-label="{{_('Labels, with commas between')}}" maxlength="500" autocapitalize="none">
<button formaction="/clips/chosen/label">{{_("Label them")}}</button>
</div>
% if may_change and places:
<div class="line">
<select name="to" aria-label="{{_('Destination')}}">
% for place in places:
<option>{{place}}</option>
% end
</select>
<button formaction="/clips/chosen/deliver">{{_("Send them there")}}</button>
</div>
% end
% if may_change:
<div class="buttons">
<button formaction="/clips/chosen/approve">{{_("Approve of them")}}</button>
<button formaction="/clips/chosen/delete" class="danger">{{_("Delete them")}}</button>
</div>
% end
</details>
<div class="line">
<button>{{_("Download")}}</button>
<select name="format" aria-label="{{_('As what')}}">
% for value, label in formats.items():
<option value="{{value}}">{{_(label)}}</option>
% end
</select>
% those = _("all that were found, or those that you choose") if wanted else _("all clips, or those that you choose")
<span id="chosen" data-all="{{those}}">{{those}}</span>
</div>
</form>
% end
% for day, entries in days.items():
<section aria-labelledby="day-{{day}}">
<h2 id="day-{{day}}"><time datetime="{{day}}">{{entries[0]["date"]}}</time></h2>
<ul class="clips">
% for each in entries:
<li>
<div class="head">
<span>
% for part in each["parts"]:
<input type="checkbox" form="many" name="clip" value="{{part["id"]}}" aria-label="{{_("Choose {name}").format(name=part["name"])}}">
% end
</span>
<div class="line">
<a href="/clips/{{each["id"]}}">{{each["heading"]}}</a>
% if each["title"]:
<time datetime="{{each["iso"]}}">{{each["time"]}}</time>
% end
<span>{{each["length"]}}</span>
% if len(each["parts"]) > 1:
<span>{{several("in {count} part", "in {count} parts", len(each["parts"]))}}</span>
% end
% for odd in sorted({part["verdict"] for part in each["parts"]} - {""}):
<span class="warning">{{odd}}</span>
% end
% if each["undecided"]:
<span class="warning">{{_("Nobody has decided about it")}}</span>
% end
% if each["approved"]:
<span>{{_("Approved")}}</span>
% end
</div>
% if each["starred"]:
% button("clips.star", "★", "star", about=_("Take the star from {name}").format(name=each["name"]), clip=each["id"], starred="false")
% else:
% button("clips.star", "☆", "star", about=_("Give a star to {name}").format(name=each["name"]), clip=each["id"], starred="true")
% end
</div>
% if each["labels"]:
<p class="labels">
% for label in each["labels"]:
<a href="/clips?label={{quote(label, safe="")}}">{{label}}</a>
% end
</p>
% end
% for part in each["parts"]:
% if part["encrypted"]:
<p>{{_("This is kept encrypted: whoever has the private key can hear it elsewhere.")}}</p>
% else:
<audio controls preload="none" src="/api/v1/clips/{{part["id"]}}/sound" aria-label="{{part["name"]}}"></audio>
% end
% end
% for part in each["parts"]:
<p class="where">
% if len(each["parts"]) > 1:
<a href="/clips/{{part["id"]}}">{{part["time"]}}</a>
% end
% for one in part["deliveries"]:
<span class="{{one["state"]}}">{{one["destination"]}} {{one["said"]}}</span>
% end
% if not part["deliveries"]:
<span>{{_("on this box alone")}}</span>
% end
</p>
% end
</li>
% end
</ul>
</section>
% end
% if older:
<p><a href="/clips?{{older}}" rel="next">{{_("Older clips")}}</a></p>
% end
<p><a href="/trash">{{_("Trash")}}</a></p>
% if may_change:
<p><a href="/guests">{{_("Recordings from the phones of guests")}}</a></p>
% end
