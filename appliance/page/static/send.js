// Sends sound to the box, as a message or as a sound of its own: a file, or what is recorded here. What the box cannot
// play is turned into WAV first.

import { canRecord, fit, record, upload } from "./sound.js";
import { t } from "./words.js";

const LONGEST = 600; // seconds that may be recorded
const said = document.getElementById("said");
const part = (id) => document.getElementById(id);

/** What was chosen beside the title, such as what it is for. */
function about() {
  const found = {};
  for (const field of document.querySelectorAll("[data-about]")) {
    if (!field.closest("[hidden]")) found[field.dataset.about] = field.value;
  }
  if (found.day === "date" || (!part("date")?.closest("[hidden]") && found.day === "")) throw new Error(t("Choose the date."));
  if (!found.day) delete found.day;
  if (!found.language) delete found.language;
  return found;
}

let stop = null; // ends the recording in progress
let unsent = null; // what did not arrive stays here, to be sent again
let busy = false; // while something is sent, or the microphone is asked for

/** Offers what can be pressed now: one thing at a time, so that none is lost with the page on which another has arrived. */
function offer() {
  part("record").disabled = busy;
  part("record").textContent = stop ? t("Stop and send") : t("Record it here");
  part("choose").disabled = part("again").disabled = busy || Boolean(stop);
  part("again").hidden = busy || !unsent;
}

async function alone(work) {
  if (busy) return;
  busy = true;
  offer();
  try {
    await work();
  } finally {
    busy = false;
    part("way").hidden = true;
    offer();
  }
}

/** Shows how much has arrived; the page may have been put in the place of another meanwhile. */
function arrived(share) {
  part("way").hidden = false;
  part("way").querySelector("progress").value = share;
}

async function send(bytes, title) {
  unsent = [bytes, title];
  try {
    const told = about();
    bytes = await fit(bytes);
    arrived(0);
    await upload(part("send-box").dataset.section, { ...told, title: title.slice(0, part("title").maxLength) }, bytes, arrived);
    unsent = null;
    location.assign(location.pathname);
  } catch (error) {
    if (error.useless) unsent = null; // no second try would bring it
    said.textContent = error instanceof TypeError ? t("The box does not answer. Is it on, and this phone in its network?") : error.message;
  }
}

async function press() {
  try {
    if (!stop) {
      stop = await record(part("hearing"), LONGEST, () => alone(press));
      return;
    }
    const over = stop;
    stop = null;
    await send(await over(), part("title").value || t("Recorded {time}", { time: new Date().toLocaleString(document.documentElement.lang) }));
  } catch (error) {
    said.textContent = t("Nothing can be recorded here: {reason}", { reason: error.message });
  }
}

async function chosen(event) {
  const [file] = event.target.files;
  if (file) await send(new Uint8Array(await file.arrayBuffer()), part("title").value || file.name.replace(/\.\w+$/, ""));
}

/** Shows what there is to say about what was chosen. */
function fits() {
  const greets = part("use")?.value === "greeting";
  for (const label of document.querySelectorAll("[data-of]")) {
    label.hidden = !greets || (label.dataset.of === "date" && part("day").value !== "date");
  }
}

function begin() {
  if (!part("send-box")) return;
  fits();
  part("use")?.addEventListener("change", fits);
  part("day")?.addEventListener("change", fits);
  part("send-box").hidden = false;
  part("record").hidden = !canRecord;
  part("insecure").hidden = canRecord;
  offer();
  part("record").addEventListener("click", () => alone(press));
  part("again").addEventListener("click", () => alone(() => send(...unsent)));
  part("choose").addEventListener("click", () => part("file").click());
  part("file").addEventListener("change", (event) => alone(() => chosen(event)));
}

addEventListener("beforeunload", (event) => { if (stop || unsent) event.preventDefault(); });
document.addEventListener("fresh", begin);
begin();
