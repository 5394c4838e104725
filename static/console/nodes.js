/**
 * The nodes of the network and the one this console works with. The page comes from the own node; when that is gone the
 * console goes on at another, and every request has to be told where it goes and who asks.
 */
import { currentLanguage } from "./i18n.js";
import { keep, kept, wipe } from "./keep.js";

const PLACE = "place";
/** What an address is asked before it counts as unreachable, in ms. */
const ALIVE_MS = 1_500;
const LONGEST_TOKEN_SECONDS = 3_600;

export class Nodes extends EventTarget {
  constructor() {
    super();
    /** @type {NodeView[]} */
    this.known = [];
    /** The node whose page this is; "" until a snapshot has said so. */
    this.home = "";
    /** The node this console works with. */
    this.at = "";
    this.token = "";
    /** How long a token is good for; a quarter of it later, or after an hour, there is a fresh one. */
    this.tokenSeconds = 4 * LONGEST_TOKEN_SECONDS;
    this.renewedAt = performance.now();
    /** Whether the own node failed to answer the last time it was asked. */
    this.homeGone = false;
  }

  /** What a window before this one knew: a reload has to work while the own node is gone. */
  async restore() {
    const place = await kept(PLACE);
    if (!place) return;
    this.known = place.known;
    this.home = place.home;
    this.at = this.known.some((node) => node.id === place.at) ? place.at : place.home;
    this.token = place.token;
    this.homeGone = this.away;
  }

  /** @param {Snapshot} snapshot @param {NodeView} from */
  learn(snapshot, from) {
    if (!from.url) this.home = snapshot.node;
    this.known = snapshot.nodes ?? [];
    this.token = snapshot.token ?? this.token;
    this.tokenSeconds = snapshot.token_seconds ?? this.tokenSeconds;
    this.moveTo(snapshot.node);
  }

  /** @param {string} id */
  moveTo(id) {
    const moved = this.at !== "" && this.at !== id;
    this.at = id;
    void this.keep();
    if (moved) this.dispatchEvent(new Event("moved"));
  }

  /** Whether the console works at another node than its own. */
  get away() {
    return this.at !== this.home;
  }

  /** @returns {NodeView} the own node; its address is the page's own */
  get own() {
    return this.find(this.home);
  }

  /** @returns {NodeView} the node this console works with */
  get here() {
    return this.find(this.at);
  }

  /** @param {string} id @returns {NodeView} */
  find(id) {
    const known = this.known.find((node) => node.id === id) ?? { id, name: id, url: "", sockets_url: "", centres: [] };
    return id === this.home ? { ...known, url: "" } : known;
  }

  /** @param {string} id @returns {NodeView[]} all nodes but one, the own one first */
  others(id) {
    const ids = new Set([this.home, ...this.known.map((node) => node.id)]);
    return [...ids].filter((other) => other !== id && other !== "").map((other) => this.find(other));
  }

  /**
   * As `fetch`, at a node: the own one knows the console by its cookie, another by the token.
   * @param {string} path
   * @param {RequestInit} [options]
   * @param {NodeView} [node]
   */
  request(path, options = {}, node = this.here) {
    /** @type {Record<string, string>} */
    const headers = { "X-Leitstelle": "1", .../** @type {Record<string, string>} */ (options.headers ?? {}) };
    if (node.url) {
      headers.Authorization = `Seat ${this.token}`;
      headers["X-Language"] = currentLanguage(); // our cookie stays at home
    }
    return fetch(node.url + path, { ...options, headers, credentials: node.url ? "omit" : "same-origin" });
  }

  /**
   * How far a node has the journal's chains; throws where it does not answer.
   * @param {NodeView} node
   * @returns {Promise<Alive>}
   */
  async alive(node) {
    const response = await this.request("/console/alive", { signal: AbortSignal.timeout(ALIVE_MS), cache: "no-store" }, node);
    if (!response.ok) throw new Error(`alive: ${response.status}`);
    return response.json();
  }

  /** Time for a fresh token? */
  get mayRenew() {
    return performance.now() - this.renewedAt > 1000 * Math.min(LONGEST_TOKEN_SECONDS, this.tokenSeconds / 4);
  }

  /** Get a fresh token, from the own node as cookie and as word. @param {NodeView} [node] */
  async renew(node = this.here) {
    this.renewedAt = performance.now();
    const headers = { Authorization: `Seat ${this.token}` };
    try {
      const response = await this.request("/console/token", { method: "POST", headers, signal: AbortSignal.timeout(ALIVE_MS) }, node);
      if (response.ok) this.token = (await response.json()).token;
      await this.keep();
    } catch {
      // The next time is soon enough.
    }
  }

  keep() {
    return keep(PLACE, { known: this.known, home: this.home, at: this.at, token: this.token });
  }

  /** Where to sign in: at the own node, or at another while that is gone. @returns {string} */
  get signIn() {
    const other = this.homeGone ? this.others(this.home)[0] : undefined;
    if (other) return `${other.url}/login/`;
    const next = location.pathname === "/login/" ? "/" : location.pathname + location.search;
    return `/login/?next=${encodeURIComponent(next)}`;
  }

  /** Nobody sits here any more; which nodes there are is no secret and is needed to sign in elsewhere. */
  async forget() {
    this.token = "";
    await wipe();
    await keep(PLACE, { known: this.known, home: this.home, at: this.home, token: "" });
  }
}

/**
 * Whether a node has everything another one had a moment before.
 * @param {Alive} node
 * @param {Alive} other asked first
 */
export function hasAllOf(node, other) {
  return Object.entries(other.have).every(([origin, chains]) =>
    Object.entries(chains).every(([incarnation, seq]) => (node.have[origin]?.[incarnation] ?? 0) >= seq),
  );
}

export const nodes = new Nodes();
