% rebase("frame.tpl", title="What would change", visitor=visitor, path=path)
<ul class="facts">
% for each in changes:
<li><strong>{{each["name"]}}</strong>
% if each["kind"] == "removed":
is taken out
% elif each["kind"] == "secret":
is set anew
% elif each["kind"] == "new":
is new: {{each["becomes"]}}
% else:
becomes <ins>{{each["becomes"] or each["default"] or "nothing"}}</ins>, was <del>{{each["was"] or each["default"] or "nothing"}}</del>
% end
</li>
% end
</ul>
% if not changes:
<p>Nothing would change.</p>
<p><a class="button" href="{{here}}">Back</a></p>
% else:
<p>It is used at once; while something is recorded, after that. Where the box cannot use it, all stays as it is.</p>
<form method="post" action="/settings/use" class="buttons">
% if visitor.csrf:
<input type="hidden" name="csrf" value="{{visitor.csrf}}">
% end
<input type="hidden" name="proposal" value="{{proposal}}">
<input type="hidden" name="back" value="{{here}}">
<button class="big">Use it</button>
<a class="button" href="{{here}}">Back</a>
</form>
% end
