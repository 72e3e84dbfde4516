// Hands over what a microphone brings, as it comes; runs on the thread of the sound.

registerProcessor("tape", class extends AudioWorkletProcessor {
  process([[channel]]) {
    if (channel) this.port.postMessage(channel.slice());
    return true;
  }
});
