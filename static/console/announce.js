/** New things announce themselves: a tone by kind, a word for the screen reader, a count in the title. Then they wait. */
import { t } from "./i18n.js";
import { firedTimers, liveCalls, mine, placeLine, shortName, spokenCall, stationOf } from "./look.js";
import { timerName } from "./labels.js";

const RING_EVERY = 3;
const EMERGENCY_EVERY = 4;

/**
 * What wants attention until somebody takes note, most urgent first.
 * Clocks of one kind at one incident are one alert: a dispatcher notes them together.
 * @typedef {{kind: "emergency" | "timer" | "call" | "speak", id: string, ids: string[], text: string, since: string, incident?: string, unit?: string}} Alert
 */

/**
 * @param {ConsoleState} state
 * @param {Me} me
 * @returns {Alert[]}
 */
export function alerts(state, me) {
  /** @type {Alert[]} */
  const found = [];
  for (const unit of Object.values(state.units)) {
    if (unit.overlay === null || !ofCentre(state, unit.id, me)) continue;
    const emergency = unit.overlay === 0;
    found.push({
      kind: emergency ? "emergency" : "speak",
      id: unit.id,
      ids: [unit.id],
      unit: unit.id,
      incident: unit.incident ?? undefined,
      text: `${emergency ? t("Notruf") : t("Sprechwunsch")} ${shortName(state, unit.id)}`,
      since: unit.overlay_since ?? unit.since,
    });
  }
  found.push(...timerAlerts(state, me));
  for (const call of liveCalls(state, me)) {
    if (call.alarm) {
      found.push({ kind: "call", id: call.alarm, ids: [call.alarm], text: t("{line} wartet: {number}", { line: call.line, number: call.number || "–" }), since: call.rang_at });
    }
  }
  const rank = { emergency: 0, timer: 1, call: 1, speak: 2 };
  return found.sort((a, b) => rank[a.kind] - rank[b.kind] || a.since.localeCompare(b.since));
}

/** @param {ConsoleState} state @param {Me} me @returns {Alert[]} */
function timerAlerts(state, me) {
  /** @type {Map<string, {timers: TimerView[], incident: IncidentView}>} */
  const groups = new Map();
  for (const { timer, incident } of firedTimers(state, me)) {
    const key = `${incident.id} ${timer.kind}`;
    const group = groups.get(key) ?? { timers: [], incident };
    group.timers.push(timer);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ timers, incident }) => {
    const names = timers.flatMap((timer) => (timer.unit ? [shortName(state, timer.unit)] : []));
    const [first] = timers;
    const who = names.length > 2 ? t("{n} Einsatzmittel", { n: names.length }) : names.join(", ");
    return {
      kind: /** @type {const} */ ("timer"),
      id: first?.id ?? "",
      ids: timers.map((timer) => timer.id),
      incident: incident.id,
      text: `${incident.keyword ?? incident.number}: ${timerName(first?.kind ?? "")}${who ? ` – ${who}` : ""}`,
      since: first?.fired_at ?? first?.due_at ?? incident.opened_at,
    };
  });
}

/** @param {ConsoleState} state @param {string} unit @param {Me} me */
function ofCentre(state, unit, me) {
  const committedTo = state.incidents[state.units[unit]?.incident ?? ""];
  if (committedTo) return mine(me, committedTo.centre);
  const home = state.master.counties[stationOf(state, unit)?.county ?? ""]?.centre;
  return mine(me, home ?? "");
}

export class Announcer {
  /** @param {import("./app.js").App} app */
  constructor(app) {
    this.app = app;
    /** @type {Set<string>} */
    this.known = new Set();
    this.started = false;
    this.beat = 0;
    this.polite = document.createElement("div");
    this.urgent = document.createElement("div");
    /** @type {string[]} */
    this.words = [];
  }

  /** @param {HTMLElement} root */
  mount(root) {
    this.polite.setAttribute("role", "status");
    this.urgent.setAttribute("role", "alert");
    for (const region of [this.polite, this.urgent]) {
      region.className = "unseen";
      root.append(region);
    }
  }

  /** @returns {Alert[]} */
  alerts() {
    return alerts(this.app.state, this.app.me);
  }

  /** @param {Set<Topic>} topics @param {Frame} [_frame] */
  heard(topics, _frame) {
    if (!topics.has("calls") && !topics.has("incidents") && !topics.has("units")) return;
    const fresh = this.newThings();
    // What was there when the console came up is not news.
    if (!this.started) {
      this.started = this.app.store.ready;
      return;
    }
    if (this.app.alone) return;
    for (const thing of fresh) {
      this.app.sounds.play(thing.tone);
      if (thing.urgent) this.urgent.textContent = thing.text;
      else this.words.push(thing.text);
    }
  }

  newThings() {
    const { state, me } = this.app;
    /** @type {{tone: import("./sounds.js").Tone, text: string, urgent: boolean}[]} */
    const fresh = [];
    const seen = new Set();
    /** @param {string} id @param {() => {tone: import("./sounds.js").Tone, text: string, urgent: boolean}} thing */
    const meet = (id, thing) => {
      seen.add(id);
      if (!this.known.has(id)) fresh.push(thing());
    };
    for (const call of liveCalls(state, me)) {
      if (call.state === "ringing") {
        meet(`call:${call.id}`, () => ({ tone: "call", text: t("Neuer Anruf auf {line}", { line: call.line }), urgent: true }));
      }
    }
    for (const incident of Object.values(state.incidents)) {
      if (!mine(me, incident.centre)) continue;
      meet(`incident:${incident.id}`, () => ({
        tone: "incident",
        text: t("Neuer Einsatz {keyword}, {place}", { keyword: incident.keyword ?? "", place: placeLine(incident) }),
        urgent: false,
      }));
    }
    for (const alert of this.alerts()) {
      const tone = alert.kind === "call" ? "timer" : alert.kind;
      meet(`${alert.kind}:${alert.ids.join()}:${alert.since}`, () => ({ tone, text: alert.text, urgent: alert.kind !== "speak" }));
    }
    this.known = seen;
    return fresh;
  }

  /** Say something to those who do not see the screen. @param {string} text */
  say(text) {
    this.words.push(text);
  }

  /** Once a second: a call goes on ringing, an emergency goes on sounding; words are spoken one at a time. */
  tick() {
    this.beat += 1;
    const word = this.words.shift();
    // In a storm the latest word counts more than an old one that nobody has heard.
    if (this.words.length > 5) this.words.splice(0, this.words.length - 5);
    if (word) this.polite.textContent = word;
    if (this.app.alone || !this.started) return;
    const { state, me } = this.app;
    const rings = liveCalls(state, me).some((call) => call.state === "ringing");
    if (rings && this.beat % RING_EVERY === 0 && !spokenCall(state, me.seat)) this.app.sounds.play("call");
    const emergency = this.alerts().some((alert) => alert.kind === "emergency");
    if (emergency && this.beat % EMERGENCY_EVERY === 0) this.app.sounds.play("emergency");
  }
}
