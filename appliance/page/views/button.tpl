<form method="post" action="/do/{{word}}" data-word="{{word}}"\\
% if get("sure"):
 data-sure="{{sure}}"\\
% end
>
% include("csrf.tpl")
<input type="hidden" name="back" value="{{path}}">
% for name, value in given.items():
<input type="hidden" name="{{name}}" value="{{value}}">
% end
<button{{!f' class="{look}"' if look else ""}}>{{label}}\\
% if about:
<span class="hidden"> {{about}}</span>\\
% end
</button>
</form>
