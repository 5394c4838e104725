/**
 * The interview: what a caller says becomes a draft, then an incident. A draft survives a reload; once its incident is
 * open the same form goes on, and what changes is sent as an edit.
 */
import { read } from "./commands.js";
import { t } from "./i18n.js";
import { spokenCall } from "./look.js";
import { momentOf } from "./time.js";

const NOTE_PAUSE_MS = 600;
const EDIT_PAUSE_MS = 900;
const KEY = "leitstelle.draft.";
const OFFER_EVERY_MS = 15_000;

/**
 * @typedef {{key: string, call: string | null, incident: string | null, place: string, hit: PlaceHit | null, place_detail: string,
 *   keyword: string | null, priority: number | null, report: string, caller_name: string, caller_number: string, exercise: boolean,
 *   tree: string | null, path: {node: string, question: string, answer: string, text: string}[], prealarm: boolean, sent: Record<string, any>,
 *   anyway: boolean, appointment_at: string, hospital: string}} Draft
 */

/** @param {string} key @param {CallView | null} call @returns {Draft} */
function emptyDraft(key, call) {
  return {
    key, call: call?.id ?? null, incident: null, place: "", hit: null, place_detail: "", keyword: null, priority: null,
    report: call?.note ?? "", caller_name: call?.caller_name ?? "", caller_number: call?.number ?? "", exercise: false,
    tree: null, path: [], prealarm: false, sent: {}, anyway: false,
    appointment_at: "", hospital: "",
  };
}

export class Intake {
  /** @param {import("./app.js").App} app */
  constructor(app) {
    this.app = app;
    /** @type {Map<string, Draft>} */
    this.drafts = new Map();
    this.noteTimer = 0;
    this.editTimer = 0;
    /** When the words of a draft were last stored by the node, by draft. @type {Map<string, number>} */
    this.savedAt = new Map();
    /** @type {NearbyAnswer} */
    this.offers = { incidents: [], calls: [] };
    this.offersFor = "";
    this.offersAt = 0;
    this.opening = false;
  }

  /** @returns {Draft | null} the draft that is being worked on */
  get draft() {
    const key = this.app.selection.chosen.draft;
    if (!key) return null;
    const draft = this.drafts.get(key) ?? this.load(key);
    if (draft) this.drafts.set(key, draft);
    return draft;
  }

  /** @returns {CallView | null} the call of the draft, while it is live */
  get call() {
    const draft = this.draft;
    return draft?.call ? (this.app.state.calls[draft.call] ?? null) : null;
  }

  /** @param {string} key @returns {Draft | null} */
  load(key) {
    try {
      const stored = localStorage.getItem(KEY + key);
      return stored ? { ...emptyDraft(key, null), ...JSON.parse(stored) } : null;
    } catch {
      return null;
    }
  }

  /** @param {Draft} draft */
  keep(draft) {
    localStorage.setItem(KEY + draft.key, JSON.stringify(draft));
  }

  /** @param {CallView} call */
  openCall(call) {
    if (!this.drafts.has(call.id) && !this.load(call.id)) {
      const draft = emptyDraft(call.id, call);
      if (call.incident) draft.incident = call.incident;
      this.drafts.set(call.id, draft);
      this.keep(draft);
    }
    this.app.selection.choose({ draft: call.id, call: call.id, incident: null, look: spotOf(call) });
    this.focusPlace();
  }

  openEmpty() {
    const draft = emptyDraft(`new-${crypto.randomUUID()}`, null);
    const spoken = spokenCall(this.app.state, this.app.me.seat);
    if (spoken && !spoken.incident && !this.drafts.has(spoken.id)) {
      this.openCall(spoken);
      return;
    }
    this.drafts.set(draft.key, draft);
    this.keep(draft);
    this.app.selection.choose({ draft: draft.key, call: null, incident: null });
    this.focusPlace();
  }

  focusPlace() {
    this.app.goTo("wo");
  }

  /** Put the draft away; what was typed for a call stays with the call. */
  leave() {
    const draft = this.draft;
    if (!draft) return;
    this.saveNow();
    if (draft.incident || (!draft.call && !draft.place && !draft.report)) this.drop(draft.key);
    this.app.selection.choose({ draft: null, incident: draft.incident, call: null });
  }

  /** @param {string} key */
  drop(key) {
    this.drafts.delete(key);
    localStorage.removeItem(KEY + key);
  }

  /** @param {Partial<Draft>} change */
  change(change) {
    const draft = this.draft;
    if (!draft) return;
    Object.assign(draft, change);
    this.keep(draft);
    if ("report" in change || "caller_name" in change) this.saveSoon();
    if (draft.incident) this.editSoon();
    if ("hit" in change || "caller_number" in change) void this.findOffers();
    this.app.proposing.follow();
    this.app.invalidateAll();
  }

  /** @param {PlaceHit} hit */
  setPlace(hit) {
    this.change({ hit, place: placeText(hit), anyway: false });
    this.app.selection.choose({ look: { lon: hit.lon, lat: hit.lat } });
  }

  /** A spot on the map. @param {number} lon @param {number} lat */
  setSpot(lon, lat) {
    const draft = this.draft;
    if (!draft) return;
    const name = draft.hit && draft.place ? draft.place : `${lat.toFixed(5)} ${lon.toFixed(5)}`;
    const hit = {
      id: "", name, kind: "coordinates", municipality: draft.hit?.municipality ?? "", county: null, lon, lat, example: false,
    };
    this.change({ hit, place: draft.place || name, anyway: false });
    void this.locate(draft, hit);
  }

  /** The county of a spot that came without one. @param {Draft} draft @param {PlaceHit} hit */
  async locate(draft, hit) {
    try {
      const found = await read(`/console/search?q=${encodeURIComponent(`${hit.lat.toFixed(6)} ${hit.lon.toFixed(6)}`)}`);
      const place = /** @type {PlaceHit | undefined} */ (found.places?.[0]);
      if (place && draft.hit === hit) {
        draft.hit = { ...hit, county: place.county, county_name: place.county_name, municipality: place.municipality };
        this.keep(draft);
        this.app.invalidate("work");
      }
    } catch {
      // The county is shown when the incident is opened; the spot itself is known.
    }
  }

  /** @param {KeywordRow} keyword */
  setKeyword(keyword) {
    this.change({ keyword: keyword.id, priority: keyword.priority });
  }

  // --- notes -----------------------------------------------------------------------------------------------------

  saveSoon() {
    clearTimeout(this.noteTimer);
    this.noteTimer = setTimeout(() => void this.saveNow(), NOTE_PAUSE_MS);
  }

  async saveNow() {
    clearTimeout(this.noteTimer);
    const draft = this.draft;
    if (!draft?.call || draft.incident || !this.app.state.calls[draft.call]) return;
    const words = JSON.stringify([draft.report, draft.caller_name]);
    if (draft.sent.note === words) return;
    const data = { call: draft.call, note: draft.report, caller_name: draft.caller_name };
    const answer = await this.app.commands.send("call.note", data, `note:${draft.key}`);
    if (answer.ok) {
      draft.sent.note = words;
      this.savedAt.set(draft.key, Date.now());
      this.app.invalidate("work");
    }
  }

  // --- offers ----------------------------------------------------------------------------------------------------

  /** Open incidents nearby and earlier calls of the same number. */
  async findOffers() {
    const draft = this.draft;
    if (!draft || draft.incident) {
      this.offers = { incidents: [], calls: [] };
      return;
    }
    this.offersAt = Date.now();
    const query = new URLSearchParams();
    if (draft.call) query.set("call", draft.call);
    if (draft.hit) {
      query.set("lon", String(draft.hit.lon));
      query.set("lat", String(draft.hit.lat));
    }
    if (draft.caller_number) query.set("number", draft.caller_number);
    if (!query.size) return;
    try {
      this.offers = await read(`/console/nearby?${query}`);
      this.offersFor = draft.key;
    } catch {
      this.offers = { incidents: [], calls: [] };
    }
    this.app.invalidate("work");
  }

  /** @param {string} incident */
  async attach(incident) {
    const draft = this.draft;
    if (!draft?.call) {
      this.app.selection.choose({ draft: null, incident });
      return;
    }
    await this.saveNow();
    const answer = await this.app.commands.send("call.attach", { call: draft.call, incident }, `attach:${incident}`);
    if (answer.ok) {
      this.drop(draft.key);
      this.app.selection.choose({ draft: null, incident, call: null });
    }
  }

  // --- from draft to incident ------------------------------------------------------------------------------------

  /**
   * Open the incident of the draft, or tell which one it has.
   * @returns {Promise<string | null>} id of the incident
   */
  async open() {
    const draft = this.draft;
    if (!draft) return null;
    if (draft.incident) return draft.incident;
    if (this.opening) return null;
    this.opening = true;
    try {
      await this.saveNow();
      const incident = crypto.randomUUID();
      const fields = fieldsOf(draft);
      const answer = await this.app.commands.send(
        "incident.open",
        {
          incident,
          ...(draft.call ? { call: draft.call } : {}),
          ...(draft.keyword ? { keyword: draft.keyword } : {}),
          ...(draft.priority ? { priority: draft.priority } : {}),
          ...(draft.anyway ? { anyway: true } : {}),
          place: fields.place, place_id: fields.place_id, place_detail: fields.place_detail,
          municipality: fields.municipality,
          ...(draft.hit ? { lon: draft.hit.lon, lat: draft.hit.lat } : {}),
          report: fields.report, caller_name: fields.caller_name, caller_number: fields.caller_number,
          exercise: draft.exercise,
          ...(momentOf(draft.appointment_at) ? { appointment_at: momentOf(draft.appointment_at) } : {}),
          ...(draft.hospital ? { hospital: draft.hospital } : {}),
        },
        `open:${draft.key}`,
      );
      if (!answer.ok) return null;
      draft.incident = answer.result.incident ?? incident;
      draft.sent = fields;
      this.keep(draft);
      this.offers = { incidents: [], calls: [] };
      await this.sendInterview(draft);
      this.app.selection.choose({ draft: draft.key, incident: draft.incident });
      return draft.incident;
    } finally {
      this.opening = false;
    }
  }

  /** @param {Draft} draft */
  async sendInterview(draft) {
    if (!draft.incident || !draft.tree || !draft.path.length || draft.sent.path === draft.path.length) return;
    draft.sent.path = draft.path.length;
    await this.app.commands.send(
      "incident.interview",
      {
        incident: draft.incident,
        tree: draft.tree,
        answers: draft.path,
      },
      `interview:${draft.key}`,
    );
  }

  editSoon() {
    clearTimeout(this.editTimer);
    this.editTimer = setTimeout(() => void this.edit(), EDIT_PAUSE_MS);
  }

  /** Send what changed since the incident was opened from this draft. */
  async edit() {
    const draft = this.draft;
    if (!draft?.incident) return;
    const fields = /** @type {Record<string, any>} */ (fieldsOf(draft));
    /** @type {Record<string, {old: any, new: any}>} */
    const changes = {};
    for (const [name, value] of Object.entries(fields)) {
      if (JSON.stringify(value) !== JSON.stringify(draft.sent[name])) changes[name] = { old: draft.sent[name] ?? null, new: value };
    }
    if (Object.keys(changes).length) {
      const answer = await this.app.commands.send("incident.edit", { incident: draft.incident, changes }, `edit:${draft.key}`);
      if (answer.ok) {
        Object.assign(draft.sent, fields);
        this.savedAt.set(draft.key, Date.now());
        this.keep(draft);
      }
    }
    await this.sendInterview(draft);
  }

  // --- what the journal says -------------------------------------------------------------------------------------

  /** A draft follows its call and incident: merged or closed elsewhere, it ends. */
  follow() {
    const draft = this.draft;
    if (!draft) return;
    const call = this.call;
    if (call?.incident && !draft.incident && !this.opening) {
      // A colleague attached the call to an incident: that is where the work goes on.
      this.drop(draft.key);
      this.app.selection.choose({ draft: null, incident: call.incident });
      return;
    }
    if (call && !draft.hit && call.lon !== null && call.lat !== null && !draft.place) this.setCallerSpot(call);
    if (!draft.incident && Date.now() - this.offersAt > OFFER_EVERY_MS) void this.findOffers();
  }

  /** The caller's position is where to look first, until somebody says otherwise. @param {CallView} call */
  setCallerSpot(call) {
    if (call.lon === null || call.lat === null) return;
    const look = { lon: call.lon, lat: call.lat };
    if (this.app.map && this.draft?.sent.look !== `${look.lon}`) {
      if (this.draft) this.draft.sent.look = `${look.lon}`;
      this.app.map.look(look);
    }
  }

  /** @param {import("./selection.js").Chosen} change */
  selected(change) {
    if (change.draft) {
      this.offers = { incidents: [], calls: [] };
      void this.findOffers();
    }
  }
}

/** @param {import("./intake.js").Draft} draft */
function fieldsOf(draft) {
  return {
    keyword: draft.keyword,
    priority: draft.priority ?? 3,
    place: draft.place,
    place_id: draft.hit?.id ?? "",
    place_detail: draft.place_detail,
    municipality: draft.hit?.municipality ?? "",
    spot: draft.hit ? { lon: draft.hit.lon, lat: draft.hit.lat } : null,
    report: draft.report,
    caller_name: draft.caller_name,
    caller_number: draft.caller_number,
  };
}

/** @param {PlaceHit} hit @returns {string} the one line that is spoken and printed: a street never without its town */
export function placeText(hit) {
  return hit.municipality && !hit.name.includes(hit.municipality) ? `${hit.municipality}, ${hit.name}` : hit.name;
}

/** @param {CallView} call */
function spotOf(call) {
  return call.lon !== null && call.lat !== null ? { lon: call.lon, lat: call.lat } : null;
}

/** @returns {string} why the draft cannot become an incident yet, or "" */
export function missing(/** @type {Draft} */ draft) {
  if (!draft.place.trim() && !draft.hit) return t("Der Einsatzort fehlt noch.");
  return "";
}
