<div class="buttons">
<button type="button" id="record">{{_("Record it here")}}</button>
<button type="button" id="choose">{{_("Choose a sound")}}</button>
<button type="button" id="again" hidden>{{_("Send again")}}</button>
<input type="file" id="file" accept="audio/*,.wav,.mp3,.ogg,.opus,.flac,.m4a" hidden aria-label="{{_('A sound file')}}">
</div>
<p id="insecure" class="warning" hidden>{{_("A browser lets nobody record over plain HTTP: give the page a certificate (HTTPS) for that.")}}</p>
<meter id="hearing" min="0" max="1" value="0" aria-label="{{_('Level')}}" hidden></meter>
<p><label id="way" hidden>{{_("Sending")}} <progress max="1" value="0"></progress></label></p>
