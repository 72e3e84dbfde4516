<form method="post" action="/do/{{word}}" data-word="{{word}}">
% if visitor.csrf:
<input type="hidden" name="csrf" value="{{visitor.csrf}}">
% end
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
