% rebase("frame.tpl", title=_("The recorder does not answer") if away else _("That did not work"), visitor=visitor, path="")
<p role="alert">\\
% include("told.tpl", text=message)
</p>
% if away:
<p>{{_("This page tries again by itself.")}}</p>
<div data-away="{{again}}"></div>
% end
<p><a href="{{again}}">{{_("Try again")}}</a></p>
