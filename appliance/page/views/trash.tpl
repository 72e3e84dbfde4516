% rebase("frame.tpl", title=_("Trash"), visitor=visitor, path="/trash")
% def button(word, label, look="", about="", **given):
%   include("button.tpl", word=word, label=label, look=look, about=about, given=given, visitor=visitor, path="/trash")
% end
<p>{{_("What was deleted is kept here for 30 days, or until room is needed.")}}</p>
% if not found:
<p>{{_("The trash is empty.")}}</p>
% end
<ul class="clips">
% for each in found:
<li>
<div class="line">
<strong>{{each["title"] or each["date"]}}</strong>
<time datetime="{{each["iso"]}}">{{each["time"]}}</time>
<span>{{each["length"]}}, {{each["size"]}}</span>
</div>
% if may_change:
<div class="buttons">
% button("clips.restore", _("Bring back"), about=each["name"], clip=each["id"])
% button("clips.delete", _("Delete for good"), "danger", about=each["name"], clip=each["id"], now="true")
</div>
% end
</li>
% end
</ul>
