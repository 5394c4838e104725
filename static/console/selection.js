/**
 * What is being looked at: shared by all windows of this browser, so that a click on the list in one shows the map of
 * another. A reload looks at the same again.
 */
import { recall, remember } from "./keep.js";

const CHOSEN = "selection";

/** @typedef {{incident?: string | null, call?: string | null, unit?: string | null, draft?: string | null, look?: {lon: number, lat: number} | null}} Chosen */

export class Selection {
  /** @param {(change: Chosen) => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    /** @type {{incident: string | null, call: string | null, unit: string | null, draft: string | null}} */
    this.chosen = { incident: null, call: null, unit: null, draft: null, ...recall(CHOSEN) };
    this.channel = new BroadcastChannel("leitstelle.selection");
    this.channel.onmessage = (event) => this.take(event.data);
    this.channel.postMessage({ ask: true });
  }

  /** @param {Chosen} change */
  choose(change) {
    this.take(change);
    this.channel.postMessage(change);
  }

  /** @param {Chosen & {ask?: boolean}} change */
  take(change) {
    if (change.ask) {
      // A window that just opened wants to know where the others are.
      this.channel.postMessage(this.chosen);
      return;
    }
    const { look, ...rest } = change;
    Object.assign(this.chosen, rest);
    remember(CHOSEN, this.chosen);
    this.onChange(change);
  }
}
