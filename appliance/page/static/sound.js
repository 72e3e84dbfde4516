// Sound of this browser: recorded, turned into what the box plays, and sent to it.

import { refusal, t } from "./words.js";

const API = "/api/v1";
const PIECE = 49152; // bytes; 65,536 letters of Base64
const TRIES = 8;
let csrf = tokenOf(document);

/** Whether this browser records on this page: on those with HTTPS only. */
export const canRecord = Boolean(navigator.mediaDevices && window.AudioWorkletNode);

function tokenOf(page) {
  return page.querySelector("meta[name=csrf]")?.content;
}

/** Whether somebody has logged in anew since this page was loaded: what was recorded here may be sent after all. */
async function isInAnew() {
  const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
  const before = csrf, fresh = tokenOf(new DOMParser().parseFromString(await answer.text(), "text/html"));
  csrf = fresh ?? csrf;
  return csrf !== before;
}

async function askOnce(word, given) {
  const headers = { "Content-Type": "application/json", ...(csrf ? { "X-CSRF-Token": csrf } : {}) };
  const answer = await fetch(`${API}/${word}`, { method: "POST", headers, body: JSON.stringify(given) });
  if (answer.ok) return answer.json();
  const { status } = answer;
  throw Object.assign(new Error(await refusal(answer)), { passes: status === 503, isOut: status === 401, isOld: [401, 403].includes(status) });
}

/** Asks the box for something; where it does not answer, again a little later. */
async function ask(word, given) {
  for (let tries = 1; ; tries++) {
    try {
      return await askOnce(word, given);
    } catch (error) {
      if (error.isOld && await isInAnew()) continue;
      if (!(error.passes || error instanceof TypeError) || tries === TRIES) throw error;
      await new Promise((done) => setTimeout(done, 500 * tries));
    }
  }
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

export async function fit(bytes) {
  if (isPlayable(bytes)) return bytes;
  const context = new AudioContext();
  try {
    const sound = await context.decodeAudioData(bytes.buffer.slice(0));
    return wav(Array.from({ length: Math.min(2, sound.numberOfChannels) }, (_, n) => sound.getChannelData(n)), sound.sampleRate);
  } catch {
    throw Object.assign(new Error(t("This phone cannot play that either. Choose a sound.")), { useless: true });
  } finally {
    context.close();
  }
}

function base64(bytes) {
  let letters = "";
  for (let at = 0; at < bytes.length; at += 8192) letters += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(letters);
}

/** Sends bytes piece by piece with the words SECTION.send, .piece and .sent; the last one's answer. */
export async function upload(section, about, bytes, told) {
  const name = await ask(`${section}.send`, { ...about, size: bytes.length });
  for (let sent = 0; sent < bytes.length; told(sent / bytes.length)) {
    const data = base64(bytes.subarray(sent, sent + PIECE));
    sent = await ask(`${section}.piece`, { upload: name, offset: sent, data });
  }
  return ask(`${section}.sent`, { upload: name });
}

/** Records, for `longest` seconds at most, then calls `over`; `meter` shows the level. Returns what ends it: a WAVE file. */
export async function record(meter, longest, over, told = () => {}) {
  const media = await navigator.mediaDevices.getUserMedia({ audio: true });
  const context = new AudioContext(), heard = [];
  await context.resume();
  await context.audioWorklet.addModule("/static/tape.js");
  const tape = new AudioWorkletNode(context, "tape");
  let frames = 0, ended = false;
  tape.port.onmessage = ({ data }) => {
    if (ended) return;
    heard.push(data);
    frames += data.length;
    meter.value = Math.max(...data.map(Math.abs));
    told(frames / context.sampleRate);
    if (frames + data.length > longest * context.sampleRate) { ended = true; over(); }
  };
  context.createMediaStreamSource(media).connect(tape).connect(context.destination);
  meter.hidden = false;
  return async () => {
    ended = true;
    for (const track of media.getTracks()) track.stop();
    await context.close();
    meter.hidden = true;
    const whole = new Float32Array(frames);
    let at = 0;
    for (const piece of heard) { whole.set(piece, at); at += piece.length; }
    return wav([whole], context.sampleRate);
  };
}
