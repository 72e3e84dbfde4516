% rebase("frame.tpl", title="Messages", visitor=visitor, path="/messages")
% def button(word, label, look="", about="", **given):
%   include("button.tpl", word=word, label=label, look=look, about=about, given=given, visitor=visitor, path=path)
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
% if may_change:
<div class="buttons">
% if each["heard"]:
% button("feeds.unheard", "Mark as new", about=each["title"], track_id=each["id"])
% end
% button("feeds.remove", "Remove", "danger", about=each["title"], track_id=each["id"])
</div>
% end
</li>
% end
</ul>
