% rebase("frame.tpl", title=_("Log in"), visitor=None, path="/login")
% if message:
<p class="warning" role="alert">{{message}}</p>
% end
<form method="post" action="/login" class="login">
<input type="hidden" name="back" value="{{back}}">
<input type="text" name="user" autocomplete="username" value="appliance" hidden>
<label for="password">{{_("Password of this box")}}</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="256" required autofocus>
<button>{{_("Log in")}}</button>
</form>
