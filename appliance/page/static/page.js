// What makes the page live. Everything works without it, a step slower.

import { level as drawn } from "./wave.js";
import { megabytes, t } from "./words.js";

const API = "/api/v1";
const csrf = document.querySelector("meta[name=csrf]")?.content;
const said = document.getElementById("said");

function say(text) {
  said.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { said.textContent = ""; }, 8000);
}

function clock(seconds) {
  const whole = Math.floor(seconds), two = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60, hours = Math.floor(whole / 3600);
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** What somebody has typed, chosen or opened and not sent yet. */
function kept(main) {
  const fields = [...main.querySelectorAll("input:not([type=hidden]):not([type=file]), select, textarea")].filter((field) => field.name);
  const open = [...main.querySelectorAll("details")].map((details) => details.open);
  return { open, values: fields.map((field) => [field.name, field.type === "checkbox" ? field.checked : field.value, field.value]) };
}

function restore(main, { open, values }, active) {
  [...main.querySelectorAll("details")].forEach((details, at) => { details.open ||= open[at] ?? false; });
  for (const [name, held, value] of values) {
    const fields = [...main.querySelectorAll(`[name="${CSS.escape(name)}"]`)].filter((field) => field.type !== "hidden");
    for (const field of fields) {
      if (field.type === "checkbox" || field.type === "radio") { if (field.value === value) field.checked = field.type === "checkbox" ? held : field.checked; }
      else field.value = held;
    }
  }
  if (active) main.querySelector(`[name="${CSS.escape(active)}"]:not([type=hidden])`)?.focus();
}

/** Focuses the button of this word, or where there is none any more, the first one. */
function focusOn(word) {
  (document.querySelector(`form[data-word="${CSS.escape(word)}"] button`) ?? document.querySelector("main button"))?.focus();
}

/** Puts what the server shows now in the place of what it showed, and keeps the focus. */
async function renew() {
  const here = new URL(document.querySelector("[data-away]")?.dataset.away ?? location.href, location);
  const answer = await fetch(here, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer) return false;
  if (answer.ok && here.pathname !== location.pathname) { location.replace(here); return true; } // a form brought us here
  if (answer.redirected) { location.assign(answer.url); return true; }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const word = document.activeElement?.closest("form")?.dataset.word;
  const heard = [...document.querySelectorAll("audio")].filter((sound) => sound.currentTime > 0).map(
    (sound) => [sound.getAttribute("src"), sound.currentTime, sound.playbackRate, sound.paused]);
  const main = document.getElementById("main"), typed = kept(main), active = document.activeElement?.name;
  main.replaceWith(fresh.getElementById("main"));
  restore(document.getElementById("main"), typed, active);
  for (const [source, time, rate, paused] of heard) {
    const sound = document.querySelector(`audio[src="${CSS.escape(source)}"]`);
    if (!sound) continue;
    sound.currentTime = time;
    sound.playbackRate = rate;
    if (!paused) sound.play();
  }
  document.dispatchEvent(new Event("fresh"));
  if (word) focusOn(word);
  if (document.querySelector("[data-away]")) untilItAnswers();
  return answer.ok;
}

document.addEventListener("submit", async (event) => {
  const form = event.target, word = form.dataset?.word;
  if (form.dataset?.sure && !confirm(form.dataset.sure)) return event.preventDefault();
  if (!word) return;
  event.preventDefault();
  if (word === "clips.delete" && form.elements.now && !confirm(t("Delete this clip for good?"))) return;
  const button = form.querySelector("button");
  button.disabled = true;
  const fields = new FormData(form);
  const answer = await fetch(form.action, {
    method: "POST", body: new URLSearchParams(fields), headers: csrf ? { "X-CSRF-Token": csrf } : {},
  }).catch(() => null);
  button.disabled = false;
  if (!answer) return say(t("The box does not answer. Is it on, and this phone in its network?"));
  if (!answer.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    say(page.querySelector("[role=alert]")?.textContent ?? t("That did not work."));
    if (answer.status === 409) await renew(); // what was shown is not so any more
    return;
  }
  if (fields.get("back") !== location.pathname || new URL(answer.url).search) return location.assign(answer.url);
  await renew();
  if (document.activeElement === document.body) focusOn(word); // a button that waited has lost it
});

/** Shows how far a delivery is. */
function sending({ destination, sent, size, seconds_left }) {
  const line = document.querySelector(`#sending [data-destination="${CSS.escape(destination)}"]`);
  if (!line) { clearTimeout(sending.due); sending.due = setTimeout(renew, 300); return; }
  Object.assign(line.querySelector("progress"), { max: size, value: sent });
  line.querySelector("span").textContent = t("{part} of {whole}", { part: megabytes(sent), whole: `${megabytes(size)} MB` })
    + (seconds_left === null ? "" : `, ${t("{time} left", { time: clock(seconds_left) })}`);
}

const peaks = [];

/** Shows the loudest of the last three seconds beside the level. */
function hold(peak, level) {
  peaks.push(peak);
  if (peaks.length > 6) peaks.shift();
  const held = document.getElementById("held"), share = (Math.max(...peaks) - level.min) / (level.max - level.min);
  held.hidden = share <= 0;
  held.style.insetInlineStart = `${Math.min(1, share) * 100}%`;
}

function live() {
  const events = new EventSource(`${API}/events`);
  let due = 0;
  events.onerror = () => {
    if (events.readyState !== EventSource.CLOSED) return; // else it tries again by itself
    renew(); // which leads to the door whoever is let in no more
    setTimeout(live, 15_000);
  };
  events.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (event.event === "TakeProgress") {
      const doing = document.getElementById("doing"), level = document.getElementById("level");
      doing.textContent = doing.textContent.replace(/[\d:]+$/, clock(event.seconds));
      level.value = event.peak_dbfs;
      hold(event.peak_dbfs, level);
      drawn(event.peak_dbfs);
      return;
    }
    if (event.event === "DeliveryProgress") return sending(event);
    if (event.event.endsWith("Progress")) return;
    clearTimeout(due);
    due = setTimeout(renew, 100);
  };
}

/** Looks again, now and then, while the recorder is away; a page that is put in the place of another does so itself. */
function untilItAnswers() {
  setTimeout(async () => { if (!(await renew()) && !document.querySelector("[data-away]")) untilItAnswers(); }, 2000);
}

function chosen() {
  const boxes = [...document.querySelectorAll("input[name=clip]")];
  const count = boxes.filter((box) => box.checked).length;
  const chosen = document.getElementById("chosen");
  chosen.textContent = count ? t("{count} chosen", { count }) : chosen.dataset.all;
}

if (document.querySelector("[data-live]")) live();
if (document.querySelector("[data-away]")) untilItAnswers();
document.addEventListener("change", (event) => { if (event.target.name === "clip") chosen(); });
