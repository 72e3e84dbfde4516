// Sends sound to the inbox of the box: a file, or what is recorded here. What the box cannot play is turned into WAV first.

const API = "/api/v1";
const PIECE = 49152; // bytes; 65,536 letters of Base64
const LONGEST = 600; // seconds that may be recorded
const csrf = document.querySelector("meta[name=csrf]")?.content;
const said = document.getElementById("said");
const part = (id) => document.getElementById(id);

async function ask(word, given) {
  const headers = { "Content-Type": "application/json", ...(csrf ? { "X-CSRF-Token": csrf } : {}) };
  const answer = await fetch(`${API}/${word}`, { method: "POST", headers, body: JSON.stringify(given) });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.detail);
  return told;
}

/** Whether the bytes are what the box plays: WAV, FLAC, Ogg or MP3, by how they begin. */
function isPlayable(bytes) {
  const begins = (text) => [...text].every((letter, at) => bytes[at] === letter.charCodeAt(0));
  return begins("RIFF") || begins("fLaC") || begins("OggS") || begins("ID3") || (bytes[0] === 0xff && (bytes[1] & 0xe6) === 0xe2);
}

/** A WAVE file of 16 bits; `channels` are as many arrays of samples from -1 to 1. */
function wav(channels, rate) {
  const frames = channels[0].length, block = channels.length * 2, view = new DataView(new ArrayBuffer(44 + frames * block));
  const text = (at, letters) => [...letters].forEach((letter, n) => view.setUint8(at + n, letter.charCodeAt(0)));
  text(0, "RIFF"); view.setUint32(4, 36 + frames * block, true); text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, channels.length, true);
  view.setUint32(24, rate, true); view.setUint32(28, rate * block, true); view.setUint16(32, block, true); view.setUint16(34, 16, true);
  text(36, "data"); view.setUint32(40, frames * block, true);
  for (let frame = 0, at = 44; frame < frames; frame++) {
    for (const channel of channels) {
      view.setInt16(at, Math.round(Math.max(-1, Math.min(1, channel[frame])) * 32767), true);
      at += 2;
    }
  }
  return new Uint8Array(view.buffer);
}

async function fit(bytes) {
  if (isPlayable(bytes)) return bytes;
  const context = new AudioContext();
  try {
    const sound = await context.decodeAudioData(bytes.buffer.slice(0));
    return wav(Array.from({ length: Math.min(2, sound.numberOfChannels) }, (_, n) => sound.getChannelData(n)), sound.sampleRate);
  } catch {
    throw new Error("This phone cannot play that either. Choose a sound.");
  } finally {
    context.close();
  }
}

function base64(bytes) {
  let letters = "";
  for (let at = 0; at < bytes.length; at += 8192) letters += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(letters);
}

async function send(bytes, title) {
  const way = part("way"), progress = way.querySelector("progress");
  try {
    bytes = await fit(bytes);
    way.hidden = false;
    progress.value = 0;
    const upload = await ask("feeds.send", { title: title.slice(0, 200), size: bytes.length });
    for (let sent = 0; sent < bytes.length; progress.value = sent / bytes.length) {
      sent = await ask("feeds.piece", { upload, offset: sent, data: base64(bytes.subarray(sent, sent + PIECE)) });
    }
    await ask("feeds.sent", { upload });
    location.reload();
  } catch (error) {
    said.textContent = error.message;
  } finally {
    way.hidden = true;
  }
}

async function record() {
  const media = await navigator.mediaDevices.getUserMedia({ audio: true });
  const context = new AudioContext(), heard = [], meter = part("hearing");
  await context.audioWorklet.addModule("/static/tape.js");
  const tape = new AudioWorkletNode(context, "tape");
  let frames = 0;
  tape.port.onmessage = ({ data }) => {
    heard.push(data);
    frames += data.length;
    meter.value = Math.max(...data.map(Math.abs));
    if (frames > LONGEST * context.sampleRate) part("record").click();
  };
  context.createMediaStreamSource(media).connect(tape).connect(context.destination);
  meter.hidden = false;
  return async () => {
    for (const track of media.getTracks()) track.stop();
    await context.close();
    meter.hidden = true;
    const whole = new Float32Array(frames);
    let at = 0;
    for (const piece of heard) { whole.set(piece, at); at += piece.length; }
    return wav([whole], context.sampleRate);
  };
}

let stop = null;

async function press() {
  const button = part("record");
  if (stop) {
    const over = stop;
    stop = null;
    button.textContent = "Record it here";
    return send(await over(), part("title").value || `Recorded ${new Date().toLocaleString()}`);
  }
  try {
    stop = await record();
    button.textContent = "Stop and send";
  } catch (error) {
    said.textContent = `Nothing can be recorded here: ${error.message}`;
  }
}

async function chosen(event) {
  const [file] = event.target.files;
  if (file) await send(new Uint8Array(await file.arrayBuffer()), part("title").value || file.name.replace(/\.\w+$/, ""));
}

function begin() {
  if (!part("send-box")) return;
  part("send-box").hidden = false;
  const secure = Boolean(navigator.mediaDevices && window.AudioWorkletNode);
  part("record").hidden = !secure;
  part("insecure").hidden = secure;
  part("record").addEventListener("click", press);
  part("choose").addEventListener("click", () => part("file").click());
  part("file").addEventListener("change", chosen);
}

document.addEventListener("fresh", begin);
begin();
