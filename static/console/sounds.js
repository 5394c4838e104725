/** Tones by kind, made by the browser itself; volume and silence are kept per machine. */

const KEY = "leitstelle.sounds";

/** Notes as [frequency in Hz, seconds, pause after]; each kind is told apart by its rhythm, not by pitch alone. */
const TONES = {
  call: [[880, 0.14, 0.05], [660, 0.14, 0.05], [880, 0.14, 0]],
  incident: [[520, 0.12, 0]],
  timer: [[740, 0.1, 0.06], [740, 0.1, 0.06], [740, 0.1, 0.06], [740, 0.22, 0]],
  emergency: [[980, 0.2, 0], [620, 0.2, 0], [980, 0.2, 0], [620, 0.2, 0]],
  speak: [[600, 0.08, 0.04], [800, 0.08, 0]],
  refused: [[220, 0.18, 0]],
  beat: [[1200, 0.05, 0]],
};

/** @typedef {keyof typeof TONES} Tone */

export class Sounds {
  constructor() {
    /** @type {{muted: boolean, volume: number, off: Partial<Record<Tone, boolean>>}} */
    this.choice = { muted: false, volume: 0.5, off: {} };
    try {
      Object.assign(this.choice, JSON.parse(localStorage.getItem(KEY) ?? "{}"));
    } catch {
      // A choice that cannot be read is none.
    }
    /** @type {AudioContext | null} */
    this.context = null;
    const wake = () => void this.wake();
    addEventListener("keydown", wake, { once: true });
    addEventListener("pointerdown", wake, { once: true });
  }

  /** Browsers let a page sound only after a first key or click. */
  async wake() {
    this.context ??= new AudioContext();
    if (this.context.state === "suspended") await this.context.resume();
  }

  /** @returns {Tone[]} */
  kinds() {
    return /** @type {Tone[]} */ (Object.keys(TONES));
  }

  /** @param {Partial<typeof this.choice>} choice */
  choose(choice) {
    Object.assign(this.choice, choice);
    localStorage.setItem(KEY, JSON.stringify(this.choice));
  }

  /** @param {Tone} kind */
  play(kind) {
    const context = this.context;
    if (!context || context.state !== "running" || this.choice.muted || this.choice.off[kind]) return;
    let at = context.currentTime + 0.01;
    for (const [frequency = 0, seconds = 0, pause = 0] of TONES[kind]) {
      const oscillator = new OscillatorNode(context, { frequency, type: "triangle" });
      const gain = new GainNode(context, { gain: 0 });
      const loud = 0.5 * this.choice.volume;
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(loud, at + 0.01);
      gain.gain.setValueAtTime(loud, at + seconds - 0.02);
      gain.gain.linearRampToValueAtTime(0, at + seconds);
      oscillator.connect(gain).connect(context.destination);
      oscillator.start(at);
      oscillator.stop(at + seconds);
      at += seconds + pause;
    }
  }
}
