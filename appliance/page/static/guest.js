// The page of a guest: one button, and what becomes of it.

import { canRecord, fit, record, upload } from "./sound.js";
import { t } from "./words.js";

const part = (id) => document.getElementById(id);
const say = (text) => { part("told").textContent = text; };
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
const recorder = part("recorder");
let stop = null, unsent = null;

async function send(bytes) {
  unsent = bytes;
  const buttons = [part("record"), part("file"), part("retry")];
  for (const button of buttons) button.disabled = true;
  part("again").hidden = true;
  part("sending").hidden = false;
  say("");
  try {
    const fitting = await fit(bytes);
    if (fitting.length > Number(recorder.dataset.bytes)) throw Object.assign(new Error(t("This is longer than it may be.")), { useless: true });
    await upload("guests", {}, fitting, (share) => { part("way").value = share; });
    unsent = null;
    part("time").textContent = "0:00";
    say(t("Thank you. Your recording has arrived."));
  } catch (error) {
    if (error.useless) unsent = null; // no second try would bring it
    part("again").hidden = !unsent;
    const away = error instanceof TypeError;
    part("anew").hidden = !error.isOut;
    if (error.isOut) say(t("Guests are let in no more by your code. Your recording is still here: leave this page open, and ask for the new code."));
    else say(away ? t("The box does not answer. Your recording is still here: leave this page open.") : error.message);
  } finally {
    part("sending").hidden = true;
    part("way").value = 0;
    for (const button of buttons) button.disabled = false;
  }
}

async function press() {
  const button = part("record");
  if (stop) {
    const over = stop;
    stop = null;
    button.textContent = t("Record");
    button.disabled = true; // a second tap would begin another one
    try {
      return await send(await over());
    } finally {
      button.disabled = false;
    }
  }
  if (unsent && !confirm(t("The recording before was not sent. Record another one in its place?"))) return;
  button.disabled = true;
  try {
    stop = await record(part("hearing"), Number(recorder.dataset.longest), press, (seconds) => { part("time").textContent = clock(seconds); });
    button.textContent = t("Stop and send");
    say("");
  } catch {
    say(t("This phone lets nobody record here. Allow the microphone, or use the phone's own recorder."));
    part("instead").hidden = false;
  }
  button.disabled = false;
}

/** Lets the guest in by a new code, without another page: what was recorded is on this one. */
async function comeIn(event) {
  event.preventDefault();
  const answer = await fetch("/guest", { method: "POST", body: new URLSearchParams(new FormData(event.target)) }).catch(() => null);
  if (answer?.ok) {
    part("anew").hidden = true;
    await send(unsent);
  } else say(answer ? t("That is not the code. Ask whoever invited you.") : t("The box does not answer. Your recording is still here: leave this page open."));
}

function begin() {
  recorder.hidden = !canRecord;
  part("instead").hidden = part("insecure").hidden = canRecord;
  part("record").addEventListener("click", press);
  part("anew").addEventListener("submit", comeIn);
  part("retry").addEventListener("click", () => send(unsent));
  part("file").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    target.value = "";
    if (file) await send(new Uint8Array(await file.arrayBuffer()));
  });
  addEventListener("beforeunload", (event) => { if (stop || unsent) event.preventDefault(); });
}

const code = location.hash.slice(1);
if (recorder) begin();
else if (code && part("admission") && !document.querySelector("[role=alert]")) {
  part("code").value = code;
  part("admission").submit();
}
