% rebase("frame.tpl", title="Messages", visitor=visitor, path="/messages")
% def button(word, label, look="", about="", **given):
%   include("button.tpl", word=word, label=label, look=look, about=about, given=given, visitor=visitor, path=path)
% end
% if may_change:
<section aria-labelledby="send" id="send-box" hidden>
<h2 id="send">Send a message to the box</h2>
<label>Title <input type="text" id="title" maxlength="200" placeholder="What it is called"></label>
<div class="buttons">
<button type="button" id="record">Record it here</button>
<button type="button" id="choose">Choose a sound</button>
<input type="file" id="file" accept="audio/*,.wav,.mp3,.ogg,.opus,.flac,.m4a" hidden aria-label="A sound file">
</div>
<p id="insecure" class="warning" hidden>A browser lets nobody record over plain HTTP: give the page a certificate (HTTPS) for that.</p>
<meter id="hearing" min="0" max="1" value="0" aria-label="Level" hidden></meter>
<p><label id="way" hidden>Sending <progress max="1" value="0"></progress></label></p>
</section>
<script type="module" src="/static/send.js"></script>
% end
% if not tracks:
<p>No message has come yet. Feeds bring them: see the configuration.</p>
% end
<ul class="clips">
% for each in tracks:
<li>
<div class="line">
<strong>{{each["title"]}}</strong>
<span>{{each["feed"]}}, {{each["size"]}}</span>
<span class="{{"" if each["heard"] else "new"}}">{{"cannot be played" if each["broken"] else "heard" if each["heard"] else "new"}}</span>
</div>
<audio controls preload="none" src="/api/v1/tracks/{{each["id"]}}/sound" aria-label="{{each["title"]}}"></audio>
% if may_change:
<div class="buttons">
% button("play", "Play on the box", about=each["title"], source=each["path"])
% if each["heard"]:
% button("feeds.unheard", "Mark as new", about=each["title"], track_id=each["id"])
% end
% button("feeds.remove", "Remove", "danger", about=each["title"], track_id=each["id"])
</div>
% end
</li>
% end
</ul>
