% rebase("frame.tpl", title=_("First steps"), visitor=visitor, path="/settings")
% include("used.tpl")
<p>{{_("Each step may be left out, and taken again later.")}}</p>
<ol class="steps">
% if presets:
<li>
<h2>{{_("What is it for?")}}</h2>
<form method="post" action="/begin/preset" class="said">
% include("csrf.tpl")
<input type="hidden" name="version" value="{{version}}">
<fieldset>
<legend class="hidden">{{_("What is it for?")}}</legend>
% for name, label in presets.items():
<label class="choice"><input type="radio" name="preset" value="{{name}}" required> {{label}}</label>
% end
</fieldset>
<button>{{_("See what would change")}}</button>
</form>
</li>
% end
<li>
<h2>{{_("Its name")}}</h2>
% if field is None:
<p>{{status["device"]}}</p>
% else:
<form method="post" action="/settings/device" class="said">
% include("csrf.tpl")
<input type="hidden" name="back" value="/begin">
<input type="hidden" name="version" value="{{version}}">
<label>{{_("Name")}} <input type="text" name="name" value="{{field["value"]}}" placeholder="{{status["device"]}}" maxlength="32" autocapitalize="none"></label>
<p class="help">
% include("told.tpl", text=field["help"])
</p>
<button>{{_("See what would change")}}</button>
</form>
% end
</li>
<li>
<h2>{{_("Its clock")}}</h2>
<p>{{_("The box says:")}} <time id="clock" datetime="{{now}}">{{at}}</time> {{zone}}</p>
<p id="apart" class="warning" hidden>{{_("This phone says something else:")}} <span></span></p>
<form method="post" action="/machine/clock" class="buttons" id="set-clock" hidden>
% include("csrf.tpl")
<input type="hidden" name="back" value="/begin">
<input type="hidden" name="seconds" value="">
<button>{{_("Set the clock by this phone")}}</button>
</form>
<form method="post" action="/machine/zone" class="said">
% include("csrf.tpl")
<input type="hidden" name="back" value="/begin">
<label>{{_("Time zone")}} <select name="zone" id="zone">
% for each in zones:
<option{{!" selected" if each == zone else ""}}>{{each}}</option>
% end
</select></label>
<button>{{_("Set the time zone")}}</button>
</form>
</li>
<li>
<h2>{{_("Its microphone")}}</h2>
<p>{{_("Speak, and see how it hears you. Nothing is recorded.")}}</p>
<meter id="hearing" min="-60" max="0" low="-20" high="-3" optimum="-10" value="-60" aria-label="{{_('Level in dBFS')}}" hidden></meter>
<div class="buttons">
<button type="button" data-try="hear" hidden>{{_("Listen")}}</button>
<button type="button" data-try="levels" hidden>{{_("Set its gain")}}</button>
<button type="button" data-try="doctor" data-only="loop" hidden>{{_("Play a sound and hear it")}}</button>
</div>
<ul class="facts" aria-live="polite"></ul>
</li>
<li>
<h2>{{_("Its buttons")}}</h2>
<div class="buttons">
<button type="button" data-try="doctor" data-only="panel buttons" hidden>{{_("Press them now")}}</button>
<a class="button" href="/settings/panel">{{_("Which are there")}}</a>
</div>
<ul class="facts" aria-live="polite"></ul>
</li>
<li>
<h2>{{_("What it says")}}</h2>
<div class="buttons">
<a class="button" href="/sounds">{{_("Greetings, and what the box says")}}</a>
</div>
</li>
<li>
<h2>{{_("Where recordings go")}}</h2>
% if not status["destinations"]:
<p>{{_("Clips are kept on this box alone: no destination is set up")}}</p>
% end
<div class="buttons">
<a class="button" href="/settings/destinations">{{_("Destinations")}}</a>
% if status["destinations"]:
<button type="button" data-try="doctor" data-only="destinations" hidden>{{_("Try them")}}</button>
% end
</div>
<ul class="facts" aria-live="polite"></ul>
</li>
<li>
<h2>{{_("A password")}}</h2>
<form method="post" action="/begin/password" class="login">
% include("csrf.tpl")
<input type="text" name="user" autocomplete="username" value="appliance" hidden>
% if locked:
<label>{{_("The one that holds now")}} <input type="password" name="before" autocomplete="current-password" maxlength="256" required></label>
% end
<label>{{_("A new one")}} <input type="password" name="password" autocomplete="new-password" minlength="8" maxlength="256" required></label>
<label>{{_("The same again")}} <input type="password" name="again" autocomplete="new-password" minlength="8" maxlength="256" required></label>
<button>{{_("Set the password")}}</button>
</form>
% if not locked:
<p class="help">{{_("With a password the page may be seen from other devices, see {option} in the configuration.").format(option="web.listen")}}</p>
% end
</li>
</ol>
<script type="module" src="/static/begin.js"></script>
