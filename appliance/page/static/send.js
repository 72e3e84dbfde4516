// Sends sound to the inbox of the box: a file, or what is recorded here. What the box cannot play is turned into WAV first.

import { canRecord, fit, record, upload } from "./sound.js";
import { t } from "./words.js";

const LONGEST = 600; // seconds that may be recorded
const said = document.getElementById("said");
const part = (id) => document.getElementById(id);

async function send(bytes, title) {
  const way = part("way"), progress = way.querySelector("progress");
  try {
    bytes = await fit(bytes);
    way.hidden = false;
    progress.value = 0;
    await upload("feeds", { title: title.slice(0, 200) }, bytes, (share) => { progress.value = share; });
    location.reload();
  } catch (error) {
    said.textContent = error.message;
  } finally {
    way.hidden = true;
  }
}

let stop = null;

async function press() {
  const button = part("record");
  if (stop) {
    const over = stop;
    stop = null;
    button.textContent = t("Record it here");
    return send(await over(), part("title").value || t("Recorded {time}", { time: new Date().toLocaleString(document.documentElement.lang) }));
  }
  try {
    stop = await record(part("hearing"), LONGEST, () => button.click());
    button.textContent = t("Stop and send");
  } catch (error) {
    said.textContent = t("Nothing can be recorded here: {reason}", { reason: error.message });
  }
}

async function chosen(event) {
  const [file] = event.target.files;
  if (file) await send(new Uint8Array(await file.arrayBuffer()), part("title").value || file.name.replace(/\.\w+$/, ""));
}

function begin() {
  if (!part("send-box")) return;
  part("send-box").hidden = false;
  part("record").hidden = !canRecord;
  part("insecure").hidden = canRecord;
  part("record").addEventListener("click", press);
  part("choose").addEventListener("click", () => part("file").click());
  part("file").addEventListener("change", chosen);
}

document.addEventListener("fresh", begin);
begin();
