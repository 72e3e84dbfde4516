% rebase("frame.tpl", title=_("What would change"), visitor=visitor, path=path)
<ul class="facts">
% for each in changes:
<li><strong>{{each["name"]}}</strong>
% if each["kind"] == "removed":
{{_("is taken out")}}
% elif each["kind"] == "secret":
{{_("is set anew")}}
% elif each["kind"] == "new":
{{_("is new: {value}").format(value=each["becomes"])}}
% else:
{{_("becomes")}} <ins>{{each["becomes"] or each["default"] or _("nothing")}}</ins>, {{_("was")}} <del>{{each["was"] or each["default"] or _("nothing")}}</del>
% end
</li>
% end
</ul>
% if not changes:
<p>{{_("Nothing would change.")}}</p>
<p><a class="button" href="{{here}}">{{_("Back")}}</a></p>
% else:
<p>{{_("It is used at once; while something is recorded, after that. Where the box cannot use it, all stays as it is.")}}</p>
<form method="post" action="/settings/use" class="buttons">
% include("csrf.tpl")
<input type="hidden" name="proposal" value="{{proposal}}">
<input type="hidden" name="back" value="{{here}}">
<button class="big">{{_("Use it")}}</button>
<a class="button" href="{{here}}">{{_("Back")}}</a>
</form>
% end
