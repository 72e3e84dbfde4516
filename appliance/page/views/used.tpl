% if used:
<p class="undo" role="status">{{_("It is used from now on.") if used == "now" else _("It is used once the take in progress is finished.") if used == "later" else _("It is used when the recorder starts.")}}</p>
% end
