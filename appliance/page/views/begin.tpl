% rebase("frame.tpl", title="First steps", visitor=visitor, path="/settings")
% def secret():
% if visitor.csrf:
<input type="hidden" name="csrf" value="{{visitor.csrf}}">
% end
% end
<p>Each step may be left out, and taken again later.</p>
<ol class="steps">
% if presets:
<li>
<h2>What is it for?</h2>
<form method="post" action="/begin/preset" class="buttons">
% secret()
<input type="hidden" name="version" value="{{version}}">
<label for="preset">Preset</label>
<select id="preset" name="preset">
% for each in presets:
<option>{{each}}</option>
% end
</select>
<button>See what would change</button>
</form>
</li>
% end
<li>
<h2>Its name</h2>
% if field is None:
<p>{{status["device"]}}</p>
% else:
<form method="post" action="/settings/device" class="said">
% secret()
<input type="hidden" name="version" value="{{version}}">
<label>Name <input type="text" name="name" value="{{field["value"]}}" placeholder="{{status["device"]}}" maxlength="32" autocapitalize="none"></label>
<p class="help">
% include("told.tpl", text=field["help"])
</p>
<button>See what would change</button>
</form>
% end
</li>
<li>
<h2>Its clock</h2>
<p>The box says: <time id="clock" datetime="{{now}}">{{now}}</time> {{zone}}</p>
<p id="apart" class="warning" hidden>This phone says something else. On the box: <code>sudo timedatectl set-timezone <span id="zone">Europe/Berlin</span></code></p>
</li>
<li>
<h2>Its microphone</h2>
<p>Speak, and see whether it hears you. Nothing is recorded.</p>
<meter id="hearing" min="-60" max="0" low="-20" high="-3" optimum="-10" value="-60" aria-label="Level in dBFS" hidden></meter>
<div class="buttons">
<button type="button" data-try="hear" hidden>Listen</button>
<button type="button" data-try="doctor" data-only="loop" hidden>Play a sound and hear it</button>
</div>
<ul class="facts" aria-live="polite"></ul>
</li>
<li>
<h2>Its buttons</h2>
<div class="buttons">
<button type="button" data-try="doctor" data-only="panel buttons" hidden>Press them now</button>
<a class="button" href="/settings/panel">Which are there</a>
</div>
<ul class="facts" aria-live="polite"></ul>
</li>
<li>
<h2>What it says</h2>
<div class="buttons">
<a class="button" href="/settings/flow">Greeting</a>
<a class="button" href="/settings/prompts">Other sounds</a>
</div>
</li>
<li>
<h2>Where recordings go</h2>
% if not status["destinations"]:
<p>Clips are kept on this box alone: no destination is set up</p>
% end
<div class="buttons">
<a class="button" href="/settings/destinations">Destinations</a>
% if status["destinations"]:
<button type="button" data-try="doctor" data-only="destinations" hidden>Try them</button>
% end
</div>
<ul class="facts" aria-live="polite"></ul>
</li>
<li>
<h2>A password</h2>
<form method="post" action="/begin/password" class="login">
% secret()
<input type="text" name="user" autocomplete="username" value="appliance" hidden>
% if locked:
<label>The one that holds now <input type="password" name="before" autocomplete="current-password" maxlength="256" required></label>
% end
<label>A new one <input type="password" name="password" autocomplete="new-password" minlength="8" maxlength="256" required></label>
<label>The same again <input type="password" name="again" autocomplete="new-password" minlength="8" maxlength="256" required></label>
<button>Set the password</button>
</form>
% if not locked:
<p class="help">With a password the page may be seen from other devices: see <code>web.listen</code> in the configuration.</p>
% end
</li>
</ol>
<script type="module" src="/static/begin.js"></script>
