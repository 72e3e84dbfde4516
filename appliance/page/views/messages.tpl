% rebase("frame.tpl", title=_("Messages"), visitor=visitor, path="/messages")
% def button(word, label, look="", about="", **given):
%   include("button.tpl", word=word, label=label, look=look, about=about, given=given, visitor=visitor, path=path)
% end
% if may_change:
<section aria-labelledby="send" id="send-box" data-section="feeds" hidden>
<h2 id="send">{{_("Send a message to the box")}}</h2>
<label>{{_("Title")}} <input type="text" id="title" name="title" maxlength="200" placeholder="{{_('What it is called')}}"></label>
% include("send.tpl")
</section>
<script type="module" src="/static/send.js"></script>
% end
<p><a class="button" href="/sounds">{{_("Greetings, and what the box says")}}</a></p>
% if not tracks:
<p>{{_("No message has come yet. Feeds bring them: see the configuration.")}}</p>
% end
% if older:
<p><a href="/messages?before={{older}}" rel="prev">{{_("Older messages")}}</a></p>
% end
<ul class="clips">
% for each in tracks:
<li>
<div class="line">
<strong>{{each["title"]}}</strong>
<span>{{each["feed"]}}, {{each["size"]}}</span>
<span class="{{"" if each["heard"] else "new"}}">{{_("cannot be played") if each["broken"] else _("heard") if each["heard"] else _("new")}}</span>
</div>
<audio controls preload="none" src="/api/v1/tracks/{{each["id"]}}/sound" aria-label="{{each["title"]}}"></audio>
% if may_change:
<div class="buttons">
% button("play", _("Play on the box"), about=each["title"], source=each["path"])
% if each["heard"]:
% button("feeds.unheard", _("Mark as new"), about=each["title"], track_id=each["id"])
% end
% button("feeds.remove", _("Remove"), "danger", about=each["title"], track_id=each["id"])
</div>
% end
</li>
% end
</ul>
