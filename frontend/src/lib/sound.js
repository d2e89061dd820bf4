// The console's sounds, made in the browser: 1 two tones until taken, 2 three beeps each 5 s, 3 one chime, 4 none; and one of
// its own for a lost connection. Browsers keep sound off until a person has pressed something: `enable` is called from there.

const BEEPS_EVERY_MS = 5000;
const SILENCE_MS = 60_000;

export class Sound {
  constructor() {
    this.context = null;
    this.silentUntil = 0;
    this.beepedAt = 0;
  }

  get on() {
    return this.context?.state === "running";
  }

  /** Switches sound on and plays the test tone. */
  async enable() {
    this.context ??= new AudioContext();
    await this.context.resume();
    this.tone(660, 0.15);
    this.tone(880, 0.2, 0.2);
    return this.on;
  }

  /** Silences this seat for 60 s; a new priority 1 breaks it. */
  silence(now = Date.now()) {
    this.silentUntil = now + SILENCE_MS;
  }

  breakSilence() {
    this.silentUntil = 0;
  }

  secondsSilent(now = Date.now()) {
    return Math.max(0, Math.ceil((this.silentUntil - now) / 1000));
  }

  tone(frequency, length, after = 0, volume = 0.25) {
    if (!this.context) return;
    const start = this.context.currentTime + after;
    const [source, gain] = [this.context.createOscillator(), this.context.createGain()];
    source.frequency.value = frequency;
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(volume, start + 0.02);
    gain.gain.setValueAtTime(volume, start + length - 0.03);
    gain.gain.linearRampToValueAtTime(0, start + length);
    source.connect(gain).connect(this.context.destination);
    source.start(start);
    source.stop(start + length);
  }

  /** Called each second with the worst priority not yet taken (0: none). */
  tick(worst, now = Date.now()) {
    if (!this.on || now < this.silentUntil) return;
    if (worst === 1) {
      this.tone(880, 0.42);
      this.tone(660, 0.42, 0.46);
    } else if (worst === 2 && now - this.beepedAt >= BEEPS_EVERY_MS) {
      this.beepedAt = now;
      for (const after of [0, 0.22, 0.44]) this.tone(740, 0.14, after);
    }
  }

  /** A new row of priority 3. */
  chime(now = Date.now()) {
    if (this.on && now >= this.silentUntil) this.tone(523, 0.3, 0, 0.15);
  }

  /** The connection is lost. */
  alarmLost() {
    if (this.on) for (const after of [0, 0.3, 0.6]) this.tone(330, 0.2, after);
  }
}
