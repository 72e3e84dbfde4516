% rebase("frame.tpl", title="The recorder does not answer" if away else "That did not work", visitor=visitor, path="")
<p role="alert">{{message}}</p>
% if away:
<p>This page tries again by itself.</p>
<div data-away></div>
% end
<p><a href="{{path or "/"}}">Try again</a></p>
