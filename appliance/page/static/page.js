// What makes the page live. Everything works without it, a step slower.

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

/** Puts what the server shows now in the place of what it showed, and keeps the focus. */
async function renew() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer) return false;
  if (answer.redirected) { location.assign(answer.url); return true; }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const word = document.activeElement?.closest("form")?.dataset.word;
  document.getElementById("main").replaceWith(fresh.getElementById("main"));
  if (word) (document.querySelector(`form[data-word="${CSS.escape(word)}"] button`) ?? document.querySelector("main button"))?.focus();
  if (document.querySelector("[data-away]")) untilItAnswers();
  return answer.ok;
}

document.addEventListener("submit", async (event) => {
  const form = event.target, word = form.dataset?.word;
  if (!word) return;
  event.preventDefault();
  if (word === "clips.delete" && form.elements.now && !confirm("Delete this clip for good?")) return;
  const button = form.querySelector("button");
  button.disabled = true;
  const fields = new FormData(form);
  const answer = await fetch(form.action, {
    method: "POST", body: new URLSearchParams(fields), headers: csrf ? { "X-CSRF-Token": csrf } : {},
  }).catch(() => null);
  button.disabled = false;
  if (!answer) return say("The box does not answer. Is it on, and this phone in its network?");
  if (!answer.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return say(page.querySelector("[role=alert]")?.textContent ?? "That did not work.");
  }
  if (fields.get("back") !== location.pathname) return location.assign(answer.url);
  await renew();
});

function live() {
  const events = new EventSource(`${API}/events`);
  let due = 0;
  events.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (event.event === "TakeProgress") {
      const doing = document.getElementById("doing"), level = document.getElementById("level");
      doing.textContent = doing.textContent.replace(/[\d:]+$/, clock(event.seconds));
      level.value = event.peak_dbfs;
      return;
    }
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
  document.getElementById("chosen").textContent = count ? `${count} chosen, as one ZIP` : "all clips as one ZIP, or those that you choose";
}

if (document.querySelector("[data-live]")) live();
if (document.querySelector("[data-away]")) untilItAnswers();
document.getElementById("archive")?.closest("main").addEventListener("change", chosen);
