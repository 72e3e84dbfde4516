% if visitor and visitor.csrf:
<input type="hidden" name="csrf" value="{{visitor.csrf}}">
% end
