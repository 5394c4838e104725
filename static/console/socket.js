/**
 * The link to the node: snapshot, then frames after it, and how old the picture is. A console that was away does what
 * a console does at start; one whose node is gone does it at another.
 */
import { hasAllOf, nodes } from "./nodes.js";
import { SeatLost, reach, reachAny } from "./reach.js";

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;
/** The server beats each second; two beats missed and a little more, and somebody else is asked as well. */
const SILENCE_MS = 2_600;
/** With nobody else to ask, a line is taken for dead later. */
const ALONE_SILENCE_MS = 5_000;
const CHECK_MS = 200;
const HOME_EVERY_MS = 2_000;
/** From this age on, what is shown may be wrong and says so. */
export const STALE_SECONDS = 3;

/**
 * Full jitter: a random wait below a bound that doubles, so that 200 consoles do not come back in step.
 * @param {number} attempt 0 for the first
 * @param {number} random in [0, 1)
 */
export function waitBefore(attempt, random) {
  return random * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 10));
}

export class Link {
  /**
   * @param {import("./store.js").Store} store
   * @param {{onClock: (serverNow: string) => void, onSeatLost: () => void, onLive: () => void}} hooks
   */
  constructor(store, hooks) {
    this.store = store;
    this.hooks = hooks;
    /** @type {"starting" | "live" | "away"} */
    this.state = "starting";
    this.attempt = 0;
    this.heardAt = 0;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.timer = 0;
    this.needSnapshot = true;
    /** @type {AbortController | null} */
    this.reaching = null;
    this.lost = false;
    /** What is known of the own node while working at another. @type {"gone" | "behind" | "ready"} */
    this.home = "gone";
    this.homeAskedAt = 0;
    this.movedAt = 0;
    /** @type {string} */
    this.here = JSON.stringify({ t: "here", incident: null, field: null });
    this.windows = new BroadcastChannel("leitstelle.nodes");
  }

  async start() {
    await nodes.restore();
    for (const name of ["online", "pageshow", "focus"]) addEventListener(name, () => this.check());
    document.addEventListener("visibilitychange", () => this.check());
    this.windows.onmessage = (event) => void this.goTo(event.data.home, false);
    setInterval(() => this.check(), CHECK_MS);
    void this.connect();
  }

  /** Age of the picture in seconds: time since the server last said it is up to date. */
  age() {
    return this.heardAt ? (performance.now() - this.heardAt) / 1000 : Infinity;
  }

  /** Tell the others which incident and field are being worked on here. @param {string | null} incident @param {string | null} field */
  announce(incident, field) {
    const message = JSON.stringify({ t: "here", incident, field });
    if (message === this.here) return;
    this.here = message;
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(message);
  }

  check() {
    if (this.lost) return;
    const limit = nodes.others(nodes.at).length ? SILENCE_MS : ALONE_SILENCE_MS;
    if (this.socket && !this.reaching && performance.now() - this.heardAt > limit) void this.connect();
    if (this.state === "away" && document.visibilityState === "visible" && navigator.onLine && this.attempt > 3) {
      this.attempt = 3;
    }
    if (this.state === "live" && nodes.mayRenew) void nodes.renew();
    if (nodes.away && this.state === "live" && performance.now() - this.homeAskedAt > HOME_EVERY_MS) void this.askHome();
  }

  /** A command got no answer although the socket is well: is it the pages' process that is gone? */
  async suspect() {
    if (this.reaching || this.state !== "live" || !nodes.others(nodes.at).length) return;
    try {
      await nodes.alive(nodes.here);
    } catch {
      if (!this.reaching) void this.connect();
    }
  }

  /** @param {"starting" | "live" | "away"} state */
  become(state) {
    if (this.state === state) return;
    this.state = state;
    this.store.tell(["link"]);
  }

  /** Get to the node, or to another; the old socket stays until then, and a word from it ends the search. */
  async connect() {
    if (this.reaching || this.lost) return;
    clearTimeout(this.timer);
    const stop = (this.reaching = new AbortController());
    try {
      const first = nodes.here;
      const arrival = await reachAny(first, this.wish(), nodes.others(first.id), {
        signal: stop.signal,
        // After a reload at another node the own one may know of a newer seat.
        final: this.store.ready || !nodes.away,
      });
      this.reaching = null;
      this.arrive(arrival);
    } catch (error) {
      if (stop.signal.aborted) return;
      this.reaching = null;
      this.drop();
      if (error instanceof SeatLost) this.loseSeat();
      else this.retry();
    }
  }

  /** @returns {import("./reach.js").Wish} */
  wish() {
    const after = this.needSnapshot || !this.store.ready ? null : this.store.state.pos;
    return { after, master: this.store.masterMark, here: () => this.here };
  }

  /** @param {import("./reach.js").Arrival} arrival */
  arrive({ node, snapshot, socket, messages }) {
    this.drop();
    this.socket = socket;
    this.attempt = 0;
    this.needSnapshot = false;
    if (snapshot) {
      const before = nodes.at;
      this.hooks.onClock(snapshot.now);
      nodes.learn(snapshot, node);
      if (before !== nodes.at) this.movedAt = Date.now();
      this.home = "gone";
      this.homeAskedAt = performance.now();
      this.heardAt = performance.now();
      this.store.replace(snapshot);
    }
    nodes.homeGone = nodes.away;
    // Between the socket's opening and now it may have said something, or closed.
    for (const message of messages) this.receive(message);
    socket.onmessage = (event) => {
      if (this.socket === socket) this.receive(JSON.parse(event.data));
    };
    socket.onclose = (event) => this.closed(socket, event.code);
    if (socket.readyState === WebSocket.OPEN) this.hooks.onLive();
    else this.closed(socket, 1006);
  }

  /** @param {WebSocket} socket @param {number} code */
  closed(socket, code) {
    if (this.socket !== socket) return;
    this.socket = null;
    // 4401: the seat was given up or taken over; the snapshot will say so in the words of HTTP.
    if (code === 4401 || code === 4403 || code === 4001) this.needSnapshot = true;
    this.become("away");
    void this.connect();
  }

  drop() {
    const socket = this.socket;
    this.socket = null;
    if (socket) {
      socket.onmessage = socket.onclose = null;
      socket.close(4000, "left");
    }
  }

  loseSeat() {
    this.lost = true;
    this.hooks.onSeatLost();
  }

  /** @param {ServerMessage} message */
  receive(message) {
    this.heardAt = performance.now();
    if (this.reaching && this.socket) {
      // It was only slow.
      this.reaching.abort();
      this.reaching = null;
    }
    switch (message.t) {
      case "frame":
        this.store.frame(message);
        break;
      case "positions":
        this.store.positions(message.units);
        break;
      case "beat":
        this.hooks.onClock(message.now);
        break;
      case "up-to-date":
        this.become("live");
        break;
      case "must-refetch":
        this.needSnapshot = true;
        this.socket?.close(4001, "refetch");
        break;
      case "links":
        this.store.linked(message.links, message.secured, message.readiness, message.quarantined);
        break;
      case "presence":
        this.store.present(message.incidents);
        break;
    }
  }

  retry() {
    this.become("away");
    clearTimeout(this.timer);
    const wait = waitBefore(this.attempt, Math.random());
    this.attempt += 1;
    this.timer = setTimeout(() => void this.connect(), wait);
  }

  // --- the way back ----------------------------------------------------------------------------------------------

  /** Is the own node back, and has it everything that the node has where the work went on? */
  async askHome() {
    this.homeAskedAt = performance.now();
    let home = /** @type {Link["home"]} */ ("gone");
    try {
      const other = await nodes.alive(nodes.here);
      home = hasAllOf(await nodes.alive(nodes.own), other) ? "ready" : "behind";
    } catch {
      // Not yet.
    }
    nodes.homeGone = nodes.away && home === "gone";
    if (home === this.home || !nodes.away) return;
    this.home = home;
    this.store.tell(["link"]);
  }

  /** Go on at the own node again: when somebody says so, never by itself. */
  goBack() {
    void this.goTo(nodes.home, true);
  }

  /** @param {string} id @param {boolean} tell the other windows of this browser */
  async goTo(id, tell) {
    if (this.reaching || this.lost || id === nodes.at || this.state !== "live") return;
    const stop = (this.reaching = new AbortController());
    const left = this.socket;
    if (left) left.onmessage = null; // what it still says is in the other's picture
    try {
      // The own node's cookie may have grown old meanwhile.
      if (id === nodes.home) await nodes.renew(nodes.own);
      const arrival = await reach(nodes.find(id), { ...this.wish(), after: null }, stop.signal);
      this.reaching = null;
      this.arrive(arrival);
      if (tell) this.windows.postMessage({ home: id });
    } catch {
      this.reaching = null;
      this.home = "gone";
      this.needSnapshot = true;
      this.drop();
      void this.connect();
    }
  }
}
