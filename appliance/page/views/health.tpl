% rebase("frame.tpl", title=_("Health"), visitor=visitor, path="/health")
% def told(text):
%   include("told.tpl", text=text)
% end
<section aria-labelledby="room">
<h2 id="room">{{_("Room")}}</h2>
<p>{{words.room(status)}}</p>
% if outlook(status):
<p>{{outlook(status)}}</p>
% end
% if status["storage"]["warning"]:
<p class="warning">\\
% told(status["storage"]["warning"])
</p>
% end
</section>
<section aria-labelledby="examination">
<h2 id="examination">{{_("Examination")}}</h2>
% if may_change:
<form method="post" action="/health">
% include("csrf.tpl")
<button>{{_("Examine the box")}}</button>
</form>
% end
% if findings is not None:
<table class="findings">
<caption>{{_("What was found")}}</caption>
<thead><tr><th scope="col">{{_("What")}}</th><th scope="col">{{_("How it is")}}</th><th scope="col">{{_("Why, and what to do")}}</th></tr></thead>
<tbody>
% for each in findings:
<tr><th scope="row">{{each["name"]}}</th><td>{{each["result"]}}</td><td>\\
% told(each["words"])
% if each["next_step"]:
<br>\\
% told(each["next_step"])
% end
</td></tr>
% end
</tbody>
</table>
% end
% if may_change:
<p><a href="/health/support.zip" download>{{_("A file for whoever helps")}}</a>. {{_("In it: how the box is, its configuration without secrets, what happened, versions.")}}</p>
% end
</section>
% if may_change:
<section aria-labelledby="power">
<h2 id="power">{{_("Power")}}</h2>
<p>{{_("A recording in progress is finished first, and nothing is lost.")}}</p>
<div class="buttons">
<form method="post" action="/machine/restart" data-sure="{{_("Restart the box now?")}}">
% include("csrf.tpl")
<button>{{_("Restart the box")}}</button>
</form>
<form method="post" action="/machine/off" data-sure="{{_("Switch the box off now? Somebody has to plug it in again.")}}">
% include("csrf.tpl")
<button class="danger">{{_("Switch the box off")}}</button>
</form>
</div>
</section>
% end
% if may_change and visitor.csrf:
<section aria-labelledby="sessions">
<h2 id="sessions">{{_("Who is logged in")}}</h2>
<p>{{_("A phone that was lost is logged out with all others. Whoever has the password can log in again.")}}</p>
<form method="post" action="/logout" data-sure="{{_("Log out every browser, this one too?")}}">
% include("csrf.tpl")
<input type="hidden" name="everywhere" value="1">
<button>{{_("Log out everywhere")}}</button>
</form>
</section>
% end
<section aria-labelledby="history">
<h2 id="history">{{_("What happened")}}</h2>
% if not history:
<p>{{_("Nothing yet, since the recorder was started.")}}</p>
% end
<ol class="facts" reversed>
% for each in history:
<li><time>{{each["at"]}}</time> <span>\\
% told(each["words"])
</span></li>
% end
</ol>
</section>
