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
  return found;
}

let unsent = null;

/** What did not arrive stays here, to be sent again. */
async function send(bytes, title) {
  unsent = [bytes, title];
  part("again").hidden = true;
  const way = part("way"), progress = way.querySelector("progress"), section = part("send-box").dataset.section;
  try {
    const told = about();
    bytes = await fit(bytes);
    way.hidden = false;
    progress.value = 0;
    await upload(section, { ...told, title: title.slice(0, part("title").maxLength) }, bytes, (share) => { progress.value = share; });
    unsent = null;
    location.assign(location.pathname);
  } catch (error) {
    part("again").hidden = false;
    said.textContent = error instanceof TypeError ? t("The box does not answer. Is it on, and this phone in its network?") : error.message;
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
  part("record").addEventListener("click", press);
  part("again").addEventListener("click", () => send(...unsent));
  part("choose").addEventListener("click", () => part("file").click());
  part("file").addEventListener("change", chosen);
}

addEventListener("beforeunload", (event) => { if (stop || unsent) event.preventDefault(); });
document.addEventListener("fresh", begin);
begin();
