% rebase("frame.tpl", title="Clips", visitor=visitor, path="/clips")
% if not days:
<p>{{"No clip was recorded yet." if first else "There are no older ones."}}</p>
% else:
<form id="archive" method="get" action="/api/v1/clips.zip">
<p><button>Download</button> <span id="chosen">all clips as one ZIP, or those that you choose</span></p>
</form>
% end
% for day, entries in days.items():
<section aria-labelledby="day-{{day}}">
<h2 id="day-{{day}}"><time datetime="{{day}}">{{day}}</time></h2>
<ul class="clips">
% for each in entries:
<li>
<div class="line">
<input type="checkbox" form="archive" name="clip" value="{{each["id"]}}" aria-label="Choose {{each["name"]}}">
<a href="/clips/{{each["id"]}}"><time datetime="{{each["iso"]}}">{{each["time"]}}</time></a>
<span>{{each["length"]}}</span>
% if each["verdict"]:
<span class="warning">{{each["verdict"]}}</span>
% end
</div>
<audio controls preload="none" src="/api/v1/clips/{{each["id"]}}/sound" aria-label="{{each["name"]}}"></audio>
<p class="where">
% for one in each["deliveries"]:
<span class="{{one["state"]}}">{{one["destination"]}} {{one["said"]}}</span>
% end
% if not each["deliveries"]:
<span>on this box alone</span>
% end
</p>
</li>
% end
</ul>
</section>
% end
% if more:
<p><a href="/clips?after={{more}}" rel="next">Older clips</a></p>
% end
