/**
 * The link to the node: snapshot, then frames after it, and how old the picture is. A console that was away does what
 * a console does at start.
 */

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;
/** The server beats each second; so long without a word, the line is taken for dead. */
const SILENCE_MS = 5_000;
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
   * @param {{onClock: (serverNow: string) => void, onSeatLost: () => void}} hooks
   */
  constructor(store, hooks) {
    this.store = store;
    this.hooks = hooks;
    /** @type {"starting" | "live" | "away"} */
    this.state = "starting";
    this.attempt = 0;
    this.heardAt = 0;
    this.socketsUrl = "";
    /** @type {WebSocket | null} */
    this.socket = null;
    this.timer = 0;
    this.needSnapshot = true;
    this.busy = false;
    /** @type {string} */
    this.here = JSON.stringify({ t: "here", incident: null, field: null });
  }

  start() {
    for (const name of ["online", "pageshow", "focus"]) addEventListener(name, () => this.check());
    document.addEventListener("visibilitychange", () => this.check());
    setInterval(() => this.check(), 1000);
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
    const silent = performance.now() - this.heardAt > SILENCE_MS;
    if (this.socket && this.socket.readyState === WebSocket.OPEN && silent) this.socket.close(4000, "silent");
    if (this.state === "away" && document.visibilityState === "visible" && navigator.onLine && this.attempt > 3) {
      this.attempt = 3;
    }
  }

  /** @param {"starting" | "live" | "away"} state */
  become(state) {
    if (this.state === state) return;
    this.state = state;
    this.store.tell(["link"]);
  }

  async connect() {
    if (this.busy) return;
    this.busy = true;
    try {
      if (this.needSnapshot) await this.fetchSnapshot();
      this.open();
    } catch (error) {
      if (error instanceof SeatLost) {
        this.hooks.onSeatLost();
        return;
      }
      this.retry();
    } finally {
      this.busy = false;
    }
  }

  async fetchSnapshot() {
    const response = await fetch("/console/snapshot", { headers: { "X-Leitstelle": "1" }, cache: "no-store" });
    if (response.status === 401 || response.status === 403 || response.redirected) throw new SeatLost();
    if (!response.ok) throw new Error(`snapshot: ${response.status}`);
    /** @type {Snapshot} */
    const snapshot = await response.json();
    this.socketsUrl = snapshot.sockets_url;
    this.needSnapshot = false;
    this.hooks.onClock(snapshot.now);
    this.heardAt = performance.now();
    this.store.replace(snapshot);
  }

  open() {
    const address = new URL(this.socketsUrl);
    address.searchParams.set("after", String(this.store.state.pos));
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.onopen = () => {
      this.heardAt = performance.now();
      socket.send(this.here);
    };
    socket.onmessage = (event) => {
      if (this.socket === socket) this.receive(JSON.parse(event.data));
    };
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.socket = null;
      // 4401: the seat was given up or taken over; the snapshot will say so in the words of HTTP.
      if (event.code === 4401 || event.code === 4403) this.needSnapshot = true;
      this.retry();
    };
  }

  /** @param {ServerMessage} message */
  receive(message) {
    this.heardAt = performance.now();
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
        this.attempt = 0;
        this.become("live");
        break;
      case "must-refetch":
        this.needSnapshot = true;
        this.socket?.close(4001, "refetch");
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
    // A socket that never opens may mean that the seat is gone; only HTTP can say why.
    if (this.attempt % 4 === 0) this.needSnapshot = true;
    this.timer = setTimeout(() => void this.connect(), wait);
  }
}

/** The seat token is no longer good. */
class SeatLost extends Error {}
