% rebase("frame.tpl", title=said, visitor=visitor, path=path)
<p><a class="button" href="/">{{_("Look again")}}</a></p>
