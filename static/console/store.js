/// <reference path="./types.d.ts" />
/**
 * What the console knows. Pure: no DOM, no network, no clock; runs under node for the law
 * "snapshot + entries after it = a fresh snapshot".
 */

/** @returns {Master} */
function emptyMaster() {
  return {
    centres: {}, counties: {}, stations: {}, units: {}, unit_types: {}, keywords: {}, hospitals: {}, seats: {}, trees: {},
  };
}

/** @returns {ConsoleState} the state of a console that has heard nothing yet */
export function emptyState() {
  return {
    pos: 0, master: emptyMaster(), calls: {}, incidents: {}, units: {}, positions: {}, seats: {}, unknown: {},
    mandates: {}, agreements: {}, conflicts: {}, drills: {},
  };
}

/**
 * @param {Snapshot} snapshot
 * @param {Master} [known] the master data where the snapshot leaves them out
 * @returns {ConsoleState}
 */
export function fromSnapshot(snapshot, known) {
  /** @type {Record<string, Occupied>} */
  const seats = {};
  for (const [id, occupied] of Object.entries(snapshot.seats ?? {})) if (occupied) seats[id] = occupied;
  return {
    pos: snapshot.pos,
    master: { ...emptyMaster(), ...(snapshot.master ?? known) },
    calls: { ...snapshot.calls },
    incidents: { ...snapshot.incidents },
    units: { ...snapshot.units },
    positions: { ...snapshot.positions },
    seats,
    unknown: { ...snapshot.unknown },
    mandates: { ...snapshot.mandates },
    agreements: { ...snapshot.agreements },
    conflicts: { ...snapshot.conflicts },
    drills: { ...snapshot.drills },
  };
}

/**
 * A view replaces the object under its id, null deletes it.
 * @template T
 * @param {Record<string, T>} table
 * @param {Record<string, T | null> | undefined} changes
 * @returns {boolean} whether anything was named
 */
function applyViews(table, changes) {
  let any = false;
  for (const [id, view] of Object.entries(changes ?? {})) {
    any = true;
    if (view === null) delete table[id];
    else table[id] = view;
  }
  return any;
}

/**
 * Apply a frame of the socket. A frame that is not newer than the state changes nothing, so a repetition is harmless.
 * @param {ConsoleState} state changed in place
 * @param {Frame} frame
 * @returns {Set<Topic>} what changed
 */
export function applyFrame(state, frame) {
  /** @type {Set<Topic>} */
  const topics = new Set();
  if (frame.pos <= state.pos) return topics;
  state.pos = frame.pos;
  if (applyViews(state.calls, frame.calls)) topics.add("calls");
  if (applyViews(state.incidents, frame.incidents)) topics.add("incidents");
  if (applyViews(state.units, frame.units)) topics.add("units");
  if (applyViews(state.seats, frame.seats)) topics.add("seats");
  if (applyViews(state.unknown, frame.unknown)) topics.add("unknown");
  if (applyViews(state.conflicts, frame.conflicts)) topics.add("conflicts");
  if (applyViews(state.drills, frame.drills)) topics.add("drills");
  if (applyViews(state.mandates, frame.mandates)) topics.add("mandates");
  if (applyViews(state.agreements, frame.agreements)) topics.add("mandates");
  for (const [kind, rows] of Object.entries(frame.master ?? {})) {
    const table = /** @type {Record<string, any>} */ (state.master)[kind];
    if (table && applyViews(table, rows)) topics.add("master");
  }
  if (frame.log?.length) topics.add("log");
  return topics;
}

/**
 * Positions are signals without a place in the journal: the newest observation wins.
 * @param {ConsoleState} state
 * @param {Record<string, Position>} units
 */
export function applyPositions(state, units) {
  for (const [id, position] of Object.entries(units)) {
    const known = state.positions[id];
    if (!known || Date.parse(position.at) >= Date.parse(known.at)) state.positions[id] = position;
  }
}

/** State with listeners by topic, the log lines of the incidents that were opened here, and who works where. */
export class Store {
  constructor() {
    this.state = emptyState();
    /** @type {Me} */
    this.me = { user: "", name: "", seat: "", centre: "", centres: [], roles: [] };
    this.node = "";
    /** Names the master data that are held; "" once a frame has changed them. */
    this.masterMark = "";
    /** The lines to the other nodes and how ready the partner is, as the node said last. @type {LinkView[]} */
    this.links = [];
    /** Entries that this node's version could not apply. */
    this.quarantined = 0;
    /** @type {ReadinessView | null} */
    this.readiness = null;
    /** Entries up to here are on disk at another node too. */
    this.secured = 0;
    this.ready = false;
    /** @type {Record<string, PresenceMark[]>} */
    this.presence = {};
    /** @type {Map<string, LogLine[]>} */
    this.logs = new Map();
    /** @type {Set<(topics: Set<Topic>, frame?: Frame) => void>} */
    this.listeners = new Set();
  }

  /** @param {(topics: Set<Topic>, frame?: Frame) => void} listener */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * @param {Iterable<Topic>} topics
   * @param {Frame} [frame]
   */
  tell(topics, frame) {
    const set = new Set(topics);
    if (set.size) for (const listener of this.listeners) listener(set, frame);
  }

  /** @param {Snapshot} snapshot */
  replace(snapshot) {
    this.state = fromSnapshot(snapshot, this.state.master);
    this.masterMark = snapshot.master_mark ?? "";
    this.me = snapshot.me;
    this.node = snapshot.node;
    this.ready = true;
    // Lines may have been written while this console was away: what is shown is fetched again.
    this.logs.clear();
    this.tell(["calls", "incidents", "units", "positions", "seats", "unknown", "mandates", "conflicts", "drills", "master", "log", "presence", "link", "ui"]);
  }

  /** @param {Frame} frame */
  frame(frame) {
    const topics = applyFrame(this.state, frame);
    if (topics.has("master")) this.masterMark = "";
    for (const line of frame.log ?? []) {
      const lines = this.logs.get(line.incident);
      if (lines && !lines.some((known) => known.pos === line.pos && known.text === line.text)) lines.push(line);
    }
    this.tell(topics, frame);
  }

  /** @param {Record<string, Position>} units */
  positions(units) {
    applyPositions(this.state, units);
    this.tell(["positions"]);
  }

  /** @param {LinkView[]} links @param {number} secured @param {ReadinessView | null} readiness @param {number} quarantined */
  linked(links, secured, readiness, quarantined) {
    Object.assign(this, { links, secured, readiness, quarantined });
    this.tell(["link"]);
  }

  /** @param {Record<string, PresenceMark[]>} incidents */
  present(incidents) {
    this.presence = incidents;
    this.tell(["presence"]);
  }

  /**
   * The log of an incident as the server told it; lines of frames that arrived meanwhile stay.
   * @param {string} incident
   * @param {LogLine[]} lines
   */
  setLog(incident, lines) {
    const last = lines.reduce((pos, line) => Math.max(pos, line.pos), 0);
    const newer = (this.logs.get(incident) ?? []).filter((line) => line.pos > last);
    this.logs.set(incident, [...lines, ...newer]);
    this.tell(["log"]);
  }
}
