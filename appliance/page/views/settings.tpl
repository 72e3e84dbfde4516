% rebase("frame.tpl", title=_("Settings") if not form["place"] else option(form["place"][0]) or form["place"][0] if len(form["place"]) == 1 else form["place"][-1], visitor=visitor, path=path)
% def told(text):
%   include("told.tpl", text=text)
% end
% def called(name):
%   if option(name):
{{option(name)}} <code>{{name}}</code>\\
%   else:
{{name}}\\
%   end
% end
% if place:
<nav class="way" aria-label="{{_('Where this is')}}">
<a href="/settings">{{_("Settings")}}</a>
% for end in range(1, len(form["place"])):
<a href="/settings/{{quote("/".join(form["place"][:end]))}}">{{form["place"][end - 1] if end > 1 else option(form["place"][0]) or form["place"][0]}}</a>
% end
</nav>
% end
% include("used.tpl")
% if nothing:
<p class="undo" role="status">{{_("Nothing would change.")}}</p>
% end
% for each in elsewhere:
<p class="warning" role="alert">\\
% told(each)
</p>
% end
<p>
% told(form["help"])
</p>
% if form["entries"] is not None:
<ul class="facts">
% for name in form["entries"]:
<li><a href="{{here}}/{{quote(name)}}">{{name}}</a></li>
% end
</ul>
% if not form["entries"]:
<p>{{_("There is none yet.")}}</p>
% end
<form method="get" action="{{here}}" class="said" data-new>
<h2>{{_("One more")}}</h2>
<label>{{_("Name")}} <input type="text" name="name" required maxlength="64" pattern="[A-Za-z0-9_.\-]+" autocapitalize="none"></label>
% if form["choices"]:
<label>{{_("Kind")}} <select name="chosen">
% for each in form["choices"]:
<option>{{each}}</option>
% end
</select></label>
% end
<button>{{_("Go on")}}</button>
</form>
% end
% fields = [field for part in form["parts"] for field in part["fields"]]
% if fields:
<form method="post" action="{{here}}" class="said options">
% include("csrf.tpl")
<input type="hidden" name="version" value="{{form["version"]}}">
% if "back" in given:
<input type="hidden" name="back" value="{{given["back"]}}">
% end
% if form["is_new"]:
<input type="hidden" name="chosen" value="{{fields[0]["value"]}}">
% end
% end
% for part in form["parts"]:
% if part["name"]:
<fieldset>
<legend>\\
% called(part["name"])
</legend>
<p class="help">
% told(part["help"])
</p>
% end
% for field in sorted(part["fields"], key=lambda each: not each["required"]):
% name, value, bad = field["name"], given.get(field["name"], field["value"]), wrong.get(field["name"], "")
% about = f'id="{name}" name="{name}" aria-describedby="{name}-help{f" {name}-wrong" if bad else ""}"{" aria-invalid=true" if bad else ""}{" disabled" if field["locked"] else ""}{" required" if field["required"] and not field["kind"] == "secret" else ""}'
<div class="option">
<label for="{{name}}">\\
% called(name.rpartition(".")[2])
</label>
% listed = field["kind"] == "choice" and not (field["value"] and field["value"] not in field["choices"])
% if listed:
<select {{!about}}>
% if not field["required"] or not value:
<option value="">{{field["default"] or "–"}}</option>
% end
% for each in field["choices"]:
<option value="{{each}}"{{!" selected" if value == each else ""}}>{{each}}</option>
% end
</select>
% elif field["kind"] == "lines":
<textarea {{!about}} rows="3" placeholder="{{field["default"]}}">{{value}}</textarea>
% elif field["kind"] == "pairs" and not field["locked"]:
<textarea {{!about}} rows="4" placeholder="{{_("name: value")}}" autocapitalize="none" spellcheck="false">{{value}}</textarea>
% elif field["kind"] == "secret":
<input type="password" {{!about}} autocomplete="new-password" placeholder="{{_("is set, and never shown") if field["written"] else ""}}">
% else:
<input type="text" {{!about}} value="{{value}}" placeholder="{{field["default"] if not field["locked"] else _("is written in the file")}}" autocapitalize="none" autocomplete="off">
% end
% if bad:
<p id="{{name}}-wrong" class="warning" role="alert">\\
% told(bad)
</p>
% end
<p id="{{name}}-help" class="help">
% told(field["help"])
% if not listed:
 <span{{!"" if hint(field["said"]) else ' lang="en"'}}>({{(hint(field["said"]) or field["said"]).replace("`", "")}})</span>
% end
</p>
</div>
% end
% if part["links"]:
<ul class="facts">
% for name, help in part["links"]:
<li><a href="{{here}}/{{quote("/".join(filter(None, (*part["name"].split("."), name))))}}">\\
% called(name)
</a>
% told(help)
</li>
% end
</ul>
% end
% if part["name"]:
</fieldset>
% end
% end
% if fields and not all(field["locked"] for field in fields):
<div class="buttons">
<button>{{_("See what would change")}}</button>
% if len(form["place"]) > 1 and not form["is_new"]:
<button name="remove" value="1" class="danger" formnovalidate>{{_("Take it out")}}</button>
% end
</div>
% elif fields:
<p class="warning">{{_("This is changed in the file alone.")}}</p>
% end
% if fields:
</form>
% end
% if not place:
<p><a class="button" href="/begin">{{_("First steps")}}</a></p>
% end
% if form["place"] and form["place"][0] in ("flow", "prompts"):
<p><a class="button" href="/sounds">{{_("Hear these sounds, or give others")}}</a></p>
% end
% tries = {"destinations": "destinations", "feeds": "feeds", "panel": "panel buttons", "audio": "microphone loop"}
% if form["place"] and form["place"][0] in tries and not form["is_new"]:
%   only = ".".join(form["place"][:2]) if form["place"][0] in ("destinations", "feeds") else tries[form["place"][0]]
<ul class="tries"><li>
<button type="button" data-try="doctor" data-only="{{only}}" hidden>{{_("Try what is used now")}}</button>
<ul class="facts" aria-live="polite"></ul>
</li></ul>
<script type="module" src="/static/begin.js"></script>
% end
% if versions:
<h2>{{_("Versions from before")}}</h2>
<ul class="facts">
% for each in versions:
<li>
<form method="post" action="/settings/restore" class="line">
% include("csrf.tpl")
<input type="hidden" name="back" value="/settings">
<input type="hidden" name="number" value="{{each["number"]}}">
<span>{{_("Used until {time}").format(time=each["at"])}}: {{", ".join(change["name"] for change in each["changes"]) or _("a version from before was taken")}}</span>
<button>{{_("Use this again")}}<span class="hidden"> {{each["at"]}}</span></button>
</form>
</li>
% end
</ul>
% end
