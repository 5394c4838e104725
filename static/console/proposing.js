/**
 * The proposal in work: asked for as soon as place and keyword are there, changed by hand, alarmed by one key. While a
 * dispatcher has changed it, nothing replaces it behind their back.
 */
import { read } from "./commands.js";
import { t } from "./i18n.js";
import { committed } from "./look.js";

const ASK_PAUSE_MS = 120;

/**
 * @typedef {{unit: string, need: string, on: boolean, added: boolean, why: string, eta_seconds: number | null, distance_m: number | null,
 *   position_age_seconds: number | null, position_source: string, take_from: string | null, confirmed: boolean}} Row
 */

export class Proposing {
  /** @param {import("./app.js").App} app */
  constructor(app) {
    this.app = app;
    /** @type {Proposal | null} */
    this.proposal = null;
    /** @type {Row[]} */
    this.rows = [];
    /** @type {string[]} */
    this.excluded = [];
    this.changed = false;
    this.outdated = false;
    this.error = "";
    this.busy = false;
    /** What the proposal in work was asked for. */
    this.askedFor = "";
    /** Incident whose follow-up alarm was asked for. @type {string | null} */
    this.wanted = null;
    this.timer = 0;
    this.question = 0;
    /** The last alarm, so that it can be taken back. @type {{incident: string, units: string[], at: number} | null} */
    this.lastAlarm = null;
    this.alarming = false;
  }

  /** @returns {Record<string, any> | null} what to ask for now, or null where place or keyword is missing */
  question_() {
    const draft = this.app.intake.draft;
    if (draft) {
      if (draft.incident && !this.isOpen(draft.incident)) return null;
      if (!draft.keyword || !draft.hit) return null;
      return {
        ...(draft.incident ? { incident: draft.incident } : {}),
        keyword: draft.keyword, lon: draft.hit.lon, lat: draft.hit.lat,
        ...(draft.hit.county ? { county: draft.hit.county } : {}),
        ...(draft.hit.id ? { place_id: draft.hit.id } : {}),
      };
    }
    const incident = this.app.state.incidents[this.app.selection.chosen.incident ?? ""];
    if (!incident || incident.state !== "open" || !incident.keyword || incident.lon === null) return null;
    const bound = incident.assignments.some((assignment) => assignment.state !== "ended");
    if (bound && this.wanted !== incident.id) return null;
    return { incident: incident.id, keyword: incident.keyword, lon: incident.lon, lat: incident.lat };
  }

  /** @param {string} incident */
  isOpen(incident) {
    // Just opened here, its view may still be on the way.
    return this.app.state.incidents[incident]?.state !== "closed";
  }

  /** Ask anew when place, keyword or incident changed. */
  follow() {
    const question = this.question_();
    const key = question ? JSON.stringify([question.keyword, question.lon, question.lat, this.context()]) : "";
    if (key === this.askedFor) return;
    if (this.changed && question && this.askedFor && this.sameContext(key)) {
      this.outdated = true;
      this.app.invalidate("proposal");
      return;
    }
    this.askedFor = key;
    this.clear();
    if (question) this.askSoon();
    this.app.invalidate("proposal");
  }

  context() {
    const { draft, incident } = this.app.selection.chosen;
    return draft ?? incident ?? "";
  }

  /** @param {string} key */
  sameContext(key) {
    return JSON.parse(key)[3] === JSON.parse(this.askedFor)[3];
  }

  clear() {
    this.proposal = null;
    this.rows = [];
    this.excluded = [];
    this.changed = false;
    this.outdated = false;
    this.error = "";
  }

  askSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.ask(), ASK_PAUSE_MS);
  }

  /** Ask again from the start, whatever was changed by hand. */
  again() {
    this.clear();
    const question = this.question_();
    this.askedFor = question ? JSON.stringify([question.keyword, question.lon, question.lat, this.context()]) : "";
    if (question) void this.ask();
    this.app.invalidate("proposal");
    return Boolean(question);
  }

  async ask() {
    const question = this.question_();
    if (!question) return;
    const number = ++this.question;
    this.busy = true;
    this.app.invalidate("proposal");
    try {
      const proposal = /** @type {Proposal} */ (await read("/console/proposal", { body: { ...question, exclude: this.excluded } }));
      if (number !== this.question) return;
      this.proposal = proposal;
      this.fill(proposal);
      this.error = "";
    } catch (error) {
      if (number !== this.question) return;
      this.error = error instanceof Error && error.message ? error.message : t("Der Vorschlag ist nicht zu bekommen.");
    } finally {
      if (number === this.question) this.busy = false;
      this.app.invalidate("proposal");
    }
  }

  /** @param {Proposal} proposal */
  fill(proposal) {
    const byHand = this.rows.filter((row) => row.added);
    const off = new Set(this.rows.filter((row) => !row.on).map((row) => row.unit));
    this.rows = proposal.slots.flatMap((slot) =>
      slot.filled.map((unit) => ({
        unit: unit.unit, need: slot.name ?? slot.need, on: !off.has(unit.unit), added: false, why: unit.why,
        eta_seconds: unit.eta_seconds, distance_m: unit.distance_m, position_age_seconds: unit.position_age_seconds,
        position_source: unit.position_source, take_from: unit.committed_to?.incident ?? null, confirmed: false,
      })),
    );
    for (const row of byHand) if (!this.rows.some((known) => known.unit === row.unit)) this.rows.push(row);
    // A unit that is bound elsewhere is never taken without a word: its row starts switched off.
    for (const row of this.rows) if (row.take_from && !row.confirmed) row.on = false;
  }

  /** @param {string} unit */
  toggle(unit) {
    const row = this.rows.find((known) => known.unit === unit);
    if (!row) return;
    row.on = !row.on;
    row.confirmed = row.on && row.take_from !== null;
    this.changed = true;
    this.app.invalidate("proposal");
  }

  /** Leave a unit out and fill its place with the next one. @param {string} unit */
  exchange(unit) {
    const row = this.rows.find((known) => known.unit === unit);
    if (!row) return;
    this.changed = true;
    this.rows = this.rows.filter((known) => known !== row);
    if (!row.added) {
      this.excluded.push(unit);
      void this.ask();
    }
    this.app.invalidate("proposal");
  }

  /** @param {string} unit @returns {boolean} whether there is something it can be added to */
  add(unit) {
    const target = this.target();
    if (!target) return false;
    const known = this.rows.find((row) => row.unit === unit);
    if (known) {
      if (!known.on) this.toggle(unit);
      return true;
    }
    const live = this.app.state.units[unit];
    const elsewhere = live?.incident && live.incident !== this.app.selection.chosen.incident ? live.incident : null;
    const passed = this.proposal?.passed_over.find((row) => row.unit === unit);
    this.rows.push({
      unit, need: this.app.state.master.units[unit]?.type ?? "", on: elsewhere === null, added: true, why: t("von Hand"),
      eta_seconds: passed?.eta_seconds ?? null, distance_m: passed?.distance_m ?? null, position_age_seconds: null,
      position_source: "", take_from: elsewhere, confirmed: false,
    });
    this.changed = true;
    this.app.invalidate("proposal");
    return true;
  }

  /** @returns {boolean} whether an alarm has something to go to */
  target() {
    if (this.app.intake.draft) return true;
    return this.app.state.incidents[this.app.selection.chosen.incident ?? ""]?.state === "open";
  }

  chosenRows() {
    return this.rows.filter((row) => row.on);
  }

  /** Alarm what is switched on; a draft becomes an incident first. @param {string} [text] */
  async alarm(text) {
    const rows = this.chosenRows();
    if (!rows.length || this.alarming) return false;
    this.alarming = true;
    this.app.invalidate("proposal");
    try {
      const incident = this.app.intake.draft ? await this.app.intake.open() : this.app.selection.chosen.incident;
      if (!incident) return false;
      const units = rows.map((row) => ({
        unit: row.unit,
        why: row.why.slice(0, 200),
        ...(row.eta_seconds === null ? {} : { eta_seconds: Math.round(row.eta_seconds) }),
        ...(row.take_from && row.confirmed ? { take_from: row.take_from } : {}),
      }));
      const answer = await this.app.commands.send("incident.alarm", { incident, units, ...(text ? { text } : {}) }, "alarm");
      if (answer.ok) this.alarmed(incident, rows);
      else this.markTaken(answer);
      return answer.ok;
    } finally {
      this.alarming = false;
      this.app.invalidate("proposal");
    }
  }

  /** Keep the chosen units for a scheduled transport; the alarm comes when it is due. */
  async reserve() {
    const incident = this.app.intake.draft ? await this.app.intake.open() : this.app.selection.chosen.incident;
    if (!incident) return;
    for (const row of this.chosenRows()) {
      const answer = await this.app.commands.send("incident.reserve", { incident, unit: row.unit }, "alarm");
      if (!answer.ok) return;
    }
    this.clear();
    this.app.invalidate("proposal");
  }

  /** @returns {boolean} whether the target is a transport at a set time */
  scheduled() {
    const draft = this.app.intake.draft;
    if (draft && !draft.incident) return draft.appointment_at !== "";
    return Boolean(this.app.state.incidents[draft?.incident ?? this.app.selection.chosen.incident ?? ""]?.appointment_at);
  }

  /** @param {string} incident @param {Row[]} rows */
  alarmed(incident, rows) {
    this.lastAlarm = { incident, units: rows.map((row) => row.unit), at: Date.now() };
    this.app.announcer.say(t("{n} Einsatzmittel alarmiert", { n: rows.length }));
    this.wanted = null;
    this.clear();
    const question = this.question_();
    // The same question must not bring up the next proposal by itself.
    this.askedFor = question ? JSON.stringify([question.keyword, question.lon, question.lat, this.context()]) : "";
  }

  /** Somebody else was faster: those units are shown as bound, the rest stays chosen. @param {Answer} answer */
  markTaken(answer) {
    for (const taken of /** @type {{unit: string, incident?: string}[]} */ (answer.detail.units ?? [])) {
      const row = this.rows.find((known) => known.unit === taken.unit);
      if (row && taken.incident) {
        row.take_from = taken.incident;
        row.on = false;
        row.confirmed = false;
      }
    }
    this.changed = true;
    this.app.sounds.play("refused");
  }

  /** @param {string} incident */
  want(incident) {
    this.wanted = incident;
    return this.again();
  }

  /** Units of an incident that may be called back. @param {string} incident */
  recallable(incident) {
    return (this.app.state.incidents[incident]?.assignments ?? []).filter(
      (assignment) => committed(assignment) && ["alarmed", "en_route", "on_scene"].includes(assignment.state),
    );
  }
}
