// Tries a box out: its microphone, its buttons, its destinations. What is found is shown as it is found.

import { refusal, t } from "./words.js";

const API = "/api/v1";
const ADVICE = {
  speak: t("Speak now, as people will."),
  silent: t("Nothing is heard: check the switch of the microphone, its cable, and that it is the right one."),
  closer: t("A little closer, or louder."),
  quieter: t("A little quieter, or further away."),
  noisy: t("Come closer: the room is nearly as loud as you are."),
  well: t("I hear you well."),
  wait: t("Wait: the box itself can be heard."),
  take: t("A take is in progress: the gain stays as it is until that is over."),
  turned: t("The gain is {gain} now: go on speaking."),
  done: t("Done: the gain is {gain}, and kept for this card."),
};
/** What tries something out now, by the list that it tells of it in: the next one there ends it. */
const trying = new WeakMap();
/** What ends hearing the microphone, while it is heard. */
let hearing = null;
const csrf = document.querySelector("meta[name=csrf]")?.content;

/** Every line of a stream of JSON, as it comes. */
async function* lines(answer) {
  const reader = answer.body.getReader(), decoder = new TextDecoder();
  for (let rest = "", piece = await reader.read(); !piece.done; piece = await reader.read()) {
    const found = (rest + decoder.decode(piece.value, { stream: true })).split("\n");
    rest = found.pop();
    for (const line of found) if (line) yield JSON.parse(line);
  }
}

function tell(list, id, words) {
  const line = [...list.children].find((each) => each.dataset.id === id) ?? list.appendChild(document.createElement("li"));
  line.dataset.id = id;
  if (line.textContent !== words) line.textContent = words;
}

function heard(list, { held_dbfs, advice, words, gain }) {
  const level = document.getElementById("hearing");
  level.hidden = false;
  level.value = held_dbfs;
  tell(list, "heard", ADVICE[advice]?.replace("{gain}", gain) ?? words);
}

async function tryOut({ currentTarget: button }) {
  const list = button.closest("li, .tries").querySelector("ul"), word = button.dataset.try, only = button.dataset.only?.split(" ");
  const mine = new AbortController(), { signal } = mine;
  trying.get(list)?.abort();
  trying.set(list, mine);
  if (word === "hear") hearing = mine;
  list.replaceChildren();
  button.disabled = true;
  const headers = { "Content-Type": "application/json", ...(csrf ? { "X-CSRF-Token": csrf } : {}) };
  const body = JSON.stringify(only ? { only, buttons: only.includes("buttons") } : {});
  try {
    const answer = await fetch(`${API}/${word}`, { method: "POST", headers, body, signal });
    if (!answer.ok) throw new Error(await refusal(answer));
    for await (const step of lines(answer)) {
      if (step.problem) throw new Error(step.problem);
      if (step.advice) heard(list, step);
      else tell(list, step.name ?? "now", step.prompt ?? `${step.name}: ${[step.words, step.next_step].filter(Boolean).join(". ").replaceAll("`", "")}`);
    }
  } catch (error) {
    if (!signal.aborted) tell(list, "wrong", error.message);
  }
  if (hearing === mine) hearing = null;
  button.disabled = false;
}

function offer() {
  for (const button of document.querySelectorAll("[data-try]")) {
    button.hidden = false;
    button.addEventListener("click", tryOut);
  }
}

/** Goes on hearing where the page shows something new meanwhile, unless the microphone has more to do now. */
function renewed() {
  const heard = hearing && !hearing.signal.aborted;
  hearing?.abort();
  offer();
  if (heard) document.querySelector("[data-try=hear]")?.click();
}

/** Compares the clock of the box with the one of this phone, and offers what would mend it. */
function compare(clock) {
  const here = new Date(), told = clock.getAttribute("datetime"), [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(told);
  const east = Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes));
  const wrong = Math.abs(here - new Date(told)) > 120000, away = east !== -here.getTimezoneOffset();
  const mine = Intl.DateTimeFormat().resolvedOptions().timeZone, zone = document.getElementById("zone");
  const form = document.getElementById("set-clock"), apart = document.getElementById("apart");
  apart.hidden = !(wrong || away);
  apart.querySelector("span").textContent = `${here.toLocaleString(document.documentElement.lang)}, ${mine}`;
  form.hidden = !wrong;
  form.addEventListener("submit", () => { form.elements.seconds.value = String(Date.now() / 1000); });
  if (away && [...zone.options].some((option) => option.value === mine)) zone.value = mine;
}

offer();
document.addEventListener("fresh", renewed);
const clock = document.getElementById("clock");
if (clock) compare(clock);
