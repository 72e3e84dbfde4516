// Draws waveforms: of clips, to be played from where one touches them, and of the take in progress.

const style = (element, name) => getComputedStyle(element).getPropertyValue(name);

/** A drawing surface as sharp as the screen; its width and height in CSS pixels. */
function surface(canvas) {
  const scale = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  return { pen, width, height };
}

/** Bars for levels from 0 to 1, in the colour that `colour` gives for each place from 0 to 1. */
function bars(canvas, levels, colour) {
  const { pen, width, height } = surface(canvas), count = Math.min(levels.length, Math.floor(width / 3));
  for (let bar = 0; bar < count; bar++) {
    const first = Math.floor(bar * levels.length / count), end = Math.max(first + 1, Math.floor((bar + 1) * levels.length / count));
    const tall = Math.max(2, Math.sqrt(Math.max(...levels.slice(first, end))) * height);
    pen.fillStyle = colour(bar / count);
    pen.fillRect(bar * width / count, (height - tall) / 2, 2, tall);
  }
  return { pen, width, height };
}

async function waveform(canvas, sound) {
  const answer = await fetch(canvas.dataset.peaks).catch(() => null);
  if (!answer?.ok) { canvas.hidden = true; return; }
  const { full, peaks } = await answer.json(), levels = peaks.map((peak) => peak / full);
  const seconds = Number(canvas.dataset.seconds) || 1, marks = canvas.dataset.marks.split(" ").filter(Boolean).map(Number);
  const draw = () => {
    const played = sound.currentTime / seconds, main = style(canvas, "--main"), soft = style(canvas, "--soft");
    const { pen, width, height } = bars(canvas, levels, (place) => (place < played ? main : soft));
    pen.fillStyle = style(canvas, "--amber");
    for (const mark of marks) pen.fillRect(mark / seconds * width - 1, 0, 2, height);
    canvas.dataset.drawn = String(levels.length);
  };
  canvas.addEventListener("pointerdown", (event) => {
    sound.currentTime = Math.min(seconds, Math.max(0, event.offsetX / canvas.clientWidth * seconds));
  });
  for (const news of ["timeupdate", "seeked", "loadedmetadata"]) sound.addEventListener(news, draw);
  new ResizeObserver(draw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

function clip() {
  const sound = document.getElementById("sound"), canvas = document.querySelector("canvas[data-peaks]");
  if (!sound || !canvas) return;
  waveform(canvas, sound);
  const speed = document.getElementById("speed"), position = document.getElementById("position");
  speed.hidden = false;
  speed.querySelector("select").value = String(sound.playbackRate);
  speed.addEventListener("change", (event) => { sound.playbackRate = Number(event.target.value); });
  sound.addEventListener("timeupdate", () => {
    const minutes = Math.floor(sound.currentTime / 60);
    position.value = `${minutes}:${(sound.currentTime % 60).toFixed(2).padStart(5, "0")}`;
  });
  for (const link of document.querySelectorAll("[data-seek]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      sound.currentTime = Number(link.dataset.seek);
      sound.play();
    });
  }
}

const heard = [];

/** Adds the level of the last half second, in dBFS, to the waveform of the take. */
export function level(dbfs) {
  const canvas = document.getElementById("take");
  if (!canvas) { heard.length = 0; return; }
  heard.push(10 ** (dbfs / 20));
  if (heard.length > 240) heard.shift();
  bars(canvas, heard, () => style(canvas, "--red"));
  canvas.dataset.drawn = String(heard.length);
}

document.addEventListener("fresh", clip);
clip();
