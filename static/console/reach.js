/**
 * Getting to a node: its picture, then its socket up to date. Where several may answer, the preferred one has a head
 * start, so that a short hiccup of the own node moves nobody, and a dead one holds nobody up.
 */
import { nodes } from "./nodes.js";

/** @typedef {{node: NodeView, snapshot: Snapshot | null, socket: WebSocket, messages: ServerMessage[]}} Arrival */
/** @typedef {{after: number | null, master: string, here: () => string}} Wish after null: the whole picture is needed */

const SNAPSHOT_MS = 8_000;
const ALIVE_MS = 3_000;
const OPENING_MS = 3_000;
/** So long a node whose pages answer may take to get its sockets back: a restart, not a failure. */
const RESTART_MS = 2_000;
const PAUSE_MS = 150;
const HEAD_START_MS = 300;

/** The seat token is no longer good. */
export class SeatLost extends Error {}

/** The node has moved on too far for this console's cursor. */
class Refetch extends Error {}

/**
 * @param {NodeView} node
 * @param {Wish} wish
 * @param {AbortSignal} signal
 * @param {() => void} onAlive the node has answered
 * @returns {Promise<Arrival>} throws SeatLost, or whatever made it impossible
 */
export async function reach(node, wish, signal, onAlive = () => {}) {
  if (node.url && !nodes.token) throw new SeatLost();
  let after = wish.after;
  for (const deadline = performance.now() + RESTART_MS; ; ) {
    const snapshot = await ask(node, after, wish.master, signal);
    onAlive();
    if (!node.url && snapshot) ownSockets = snapshot.sockets_url;
    const address = new URL(node.url ? node.sockets_url || (snapshot?.sockets_url ?? "") : ownSockets);
    try {
      const { socket, messages } = await open(address, node, snapshot?.pos ?? after ?? 0, wish.here(), signal);
      return { node, snapshot, socket, messages };
    } catch (error) {
      if (error instanceof Refetch) after = null;
      else if (error instanceof SeatLost || signal.aborted || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/** Where the own node's socket is, as its last picture said. */
let ownSockets = "";

/** @param {NodeView} node @param {number | null} after @param {string} master @param {AbortSignal} signal @returns {Promise<Snapshot | null>} */
async function ask(node, after, master, signal) {
  const path = after === null ? `/console/snapshot?master=${master}` : "/console/alive";
  const patience = AbortSignal.timeout(after === null ? SNAPSHOT_MS : ALIVE_MS);
  const answering = nodes.request(path, { signal: AbortSignal.any([signal, patience]), cache: "no-store" }, node);
  if (!node.url) answering.then(() => (nodes.homeGone = false), () => (nodes.homeGone = !signal.aborted || nodes.homeGone));
  const response = await answering;
  if (response.status === 401 || response.status === 403 || response.redirected) throw new SeatLost();
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return after === null ? response.json() : null;
}

/**
 * @param {URL} address @param {NodeView} node @param {number} after @param {string} here @param {AbortSignal} signal
 * @returns {Promise<{socket: WebSocket, messages: ServerMessage[]}>} up to date, with what it said until then
 */
function open(address, node, after, here, signal) {
  address.searchParams.set("after", String(after));
  const socket = node.url ? new WebSocket(address, ["leitstelle", `seat.${nodes.token}`]) : new WebSocket(address);
  return new Promise((resolve, reject) => {
    /** @type {ServerMessage[]} */
    const messages = [];
    /** @param {unknown} reason */
    const give = (reason) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
      socket.onclose = socket.onmessage = socket.onopen = null;
      socket.close();
      reject(reason);
    };
    const timer = setTimeout(() => give(new Error("the socket does not open")), OPENING_MS);
    const aborted = () => give(signal.reason);
    signal.addEventListener("abort", aborted);
    socket.onopen = () => socket.send(here);
    socket.onclose = (event) => give(event.code === 4401 || event.code === 4403 ? new SeatLost() : new Error(`closed: ${event.code}`));
    socket.onmessage = (event) => {
      /** @type {ServerMessage} */
      const message = JSON.parse(event.data);
      if (message.t === "must-refetch") return give(new Refetch());
      messages.push(message);
      if (message.t !== "up-to-date") return;
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
      // What comes before the new owner listens is not lost either.
      socket.onmessage = (more) => messages.push(JSON.parse(more.data));
      resolve({ socket, messages });
    };
  });
}

/**
 * Reach the first node, or another where that does not answer.
 * @param {NodeView} first
 * @param {Wish} wish what is needed of the first; of another it is the whole picture
 * @param {NodeView[]} others
 * @param {{signal: AbortSignal, final: boolean}} options final: what the first says of the seat holds; else the others
 *   are asked as well
 * @returns {Promise<Arrival>} throws SeatLost, or the first one's reason when nobody can be reached
 */
export function reachAny(first, wish, others, { signal, final }) {
  return new Promise((resolve, reject) => {
    const stop = new AbortController();
    /** @type {unknown} */
    let reason = null;
    let seatLost = false;
    let firstIs = /** @type {"asked" | "alive" | "gone"} */ ("asked");
    let running = 1 + others.length;
    let started = false;
    /** @type {Arrival | null} */
    let reserve = null;
    /** @param {Arrival} arrival */
    const win = (arrival) => {
      if (reserve && reserve !== arrival) reserve.socket.close();
      finish();
      resolve(arrival);
    };
    /** @param {unknown} error */
    const lose = (error) => {
      reserve?.socket.close();
      finish();
      reject(error);
    };
    const finish = () => {
      clearTimeout(early);
      clearTimeout(late);
      signal.removeEventListener("abort", aborted);
      stop.abort(new Error("another node was faster"));
    };
    const aborted = () => lose(signal.reason);
    /** @param {unknown} error */
    const failed = (error) => {
      if (error instanceof SeatLost) seatLost = true;
      reason ??= error;
      running -= 1;
      if (!running) lose(seatLost ? new SeatLost() : reason);
    };
    const startOthers = () => {
      if (started || stop.signal.aborted) return;
      started = true;
      for (const node of others) {
        reach(node, { ...wish, after: null }, stop.signal).then((arrival) => {
          if (stop.signal.aborted || reserve) arrival.socket.close();
          else if (firstIs === "alive") reserve = arrival;
          else win(arrival);
        }, failed);
      }
    };
    const early = setTimeout(() => firstIs === "asked" && startOthers(), HEAD_START_MS);
    const late = setTimeout(() => {
      firstIs = "gone";
      if (reserve) win(reserve);
      else startOthers();
    }, RESTART_MS);
    signal.addEventListener("abort", aborted, { once: true });
    reach(first, wish, stop.signal, () => (firstIs = firstIs === "asked" ? "alive" : firstIs)).then(
      (arrival) => (stop.signal.aborted ? arrival.socket.close() : win(arrival)),
      (error) => {
        firstIs = "gone";
        if (stop.signal.aborted) return;
        if (error instanceof SeatLost && final) lose(error);
        else if (reserve) win(reserve);
        else {
          failed(error);
          startOthers();
        }
      },
    );
  });
}
