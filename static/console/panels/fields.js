/**
 * A field of an incident that is edited where it stands. What is sent names the value that was seen, so that nobody's
 * words are overwritten silently: where somebody was faster, both values are shown and a person decides.
 */
import { read } from "../commands.js";
import { html, live, nothing } from "../html.js";
import { t } from "../i18n.js";
import { placeText } from "../intake.js";
import { recall, remember } from "../keep.js";
import { Picker } from "../picker.js";
import { clock, fieldMoment, moment, momentOf } from "../time.js";
import { placeItem } from "./interview.js";

/**
 * @typedef {{incident: string, name: string, seen: any, value: any, hit: PlaceHit | null,
 *   conflict: {present: any, by: string, at: string} | null, error: string, busy: boolean}} Edit
 * @typedef {{open: boolean, strong?: boolean, words?: boolean, moment?: boolean, options?: {value: string, text: string}[]}} Options
 */

const EDIT = "edit";

/** A reload goes on with what was half typed. @type {Edit | null} */
let edit = recall(EDIT);
/** @type {Picker | null} */
let places = null;

/** Incidents as they were fetched: the log, and the view of one that is closed. @type {Map<string, {incident: IncidentView | null, error: string, asked: boolean, live: boolean}>} */
const files = new Map();

/** @param {import("../app.js").App} app @param {string} id */
export function fileOf(app, id) {
  const isLive = Boolean(app.state.incidents[id]);
  const known = files.get(id);
  // Asked for again when an incident ends, and after a new snapshot has emptied the logs.
  if (known && known.live === isLive && (known.error || !known.asked || app.store.logs.has(id))) return known;
  const file = { incident: known?.incident ?? null, error: "", asked: false, live: isLive };
  files.set(id, file);
  if (files.size > 200) files.delete(files.keys().next().value ?? "");
  void load(app, id, file);
  return file;
}

/** @param {import("../app.js").App} app @param {string} id @param {{incident: IncidentView | null, error: string, asked: boolean}} file */
async function load(app, id, file) {
  if (!app.store.logs.has(id)) app.store.logs.set(id, []);
  try {
    const answer = await read(`/console/incident/${id}`);
    file.incident = answer.incident;
    app.store.setLog(id, answer.log);
  } catch (error) {
    file.error = error instanceof Error && error.message ? error.message : t("Der Einsatz ist nicht zu bekommen.");
  }
  file.asked = true;
  app.invalidate("work");
}

/**
 * @param {import("../app.js").App} app @param {IncidentView} incident @param {string} name @param {string} label
 * @param {Options} options
 */
export function editable(app, incident, name, label, options) {
  const mine = edit && edit.incident === incident.id && edit.name === name ? edit : null;
  return html`<div class="fact f-${name}">
    <span class="name" id="label-${name}">${label}</span>
    <span class="value">${mine ? editor(app, incident, mine, options) : shown(app, incident, name, label, options)}</span>
  </div>`;
}

/** @param {import("../app.js").App} app @param {IncidentView} incident @param {string} name @param {string} label @param {Options} options */
function shown(app, incident, name, label, options) {
  const value = valueOf(incident, name);
  const option = options.options?.find((one) => one.value === String(value ?? ""));
  const text = options.moment ? moment(value) : (option?.text ?? String(value ?? ""));
  const last = incident.edits[name];
  const title = last ? t("zuletzt {by}, {at}", { by: last.by, at: clock(last.at) }) : "";
  if (!options.open) return html`<span class=${options.strong ? "strong" : ""}>${text || "–"}</span>`;
  return html`<button class="inplace ${options.strong ? "strong" : ""} ${text ? "" : "blank"}" title=${title} aria-label=${`${label}: ${text || t("leer")}`} @click=${() => begin(app, incident, name)}
    >${text || "–"}</button
  >`;
}

/** @param {import("../app.js").App} app @param {IncidentView} incident @param {string} name */
function begin(app, incident, name) {
  const value = valueOf(incident, name);
  edit = { incident: incident.id, name, seen: value, value: name === "appointment_at" ? fieldMoment(value) : value, hit: null, conflict: null, error: "", busy: false };
  if (name === "place") places = placePicker(app, incident);
  app.invalidate("work");
  app.draw();
  const field = document.getElementById(`edit-${name}`);
  field?.focus();
  if (field instanceof HTMLInputElement && field.type === "text") field.select();
}

/** @param {IncidentView} incident @param {string} name @returns {any} */
function valueOf(incident, name) {
  return /** @type {Record<string, any>} */ (/** @type {unknown} */ (incident))[name];
}

/** @param {import("../app.js").App} app @param {IncidentView} incident */
function placePicker(app, incident) {
  const picker = new Picker({
    id: "edit-place", field: "place", wait: 90,
    label: () => t("Wo"),
    changed: () => app.invalidate("work"),
    source: async (typed, signal) => {
      if (!typed.trim()) return [];
      const answer = await read(`/console/search?q=${encodeURIComponent(typed)}`, { signal });
      return answer.places.map((/** @type {PlaceHit} */ hit) => placeItem(app, hit));
    },
    typed: (typed) => edit && Object.assign(edit, { value: typed, hit: null }),
    choose: (item) => {
      if (edit) Object.assign(edit, { value: placeText(item.data), hit: item.data });
      void commit(app, incident);
    },
    empty: () => void commit(app, incident),
  });
  picker.text = incident.place;
  return picker;
}

/** @param {import("../app.js").App} app @param {IncidentView} incident @param {Edit} mine @param {Options} options */
function editor(app, incident, mine, options) {
  const id = `edit-${mine.name}`;
  const take = (/** @type {Event} */ event) => {
    mine.value = /** @type {HTMLInputElement} */ (event.target).value;
    remember(EDIT, mine);
  };
  const key = (/** @type {KeyboardEvent} */ event) => editorKey(event, app, incident, options);
  return html`${mine.name === "place" && places
    ? html`<span @keydown=${key}>${places.view()}</span>`
    : options.options
      ? html`<select id=${id} data-field=${mine.name} aria-labelledby="label-${mine.name}" @change=${take} @keydown=${key}>
          ${options.options.map((one) => html`<option value=${one.value} ?selected=${one.value === String(mine.value ?? "")}>${one.text}</option>`)}
        </select>`
      : options.words
        ? html`<textarea id=${id} rows="3" data-field=${mine.name} aria-labelledby="label-${mine.name}" .value=${live(String(mine.value ?? ""))} @input=${take} @keydown=${key}></textarea>`
        : html`<input id=${id} class="text" type=${options.moment ? "datetime-local" : "text"} data-field=${mine.name} aria-labelledby="label-${mine.name}" .value=${live(String(mine.value ?? ""))} @input=${take} @keydown=${key} />`}
    <span class="editing">
      <button class="chip" ?disabled=${mine.busy} @click=${() => void commit(app, incident)}>${mine.busy ? t("speichert …") : t("speichern")} <kbd>${options.words ? `${t("Strg")} ↵` : "↵"}</kbd></button>
      <button class="chip" @click=${() => cancel(app)}>${t("verwerfen")} <kbd>Esc</kbd></button>
      ${mine.error ? html`<span class="refused" role="alert">${mine.error}</span>` : nothing}
    </span>
    ${mine.conflict ? conflict(app, incident, mine) : meanwhile(incident, mine)}`;
}

/** Somebody else changed the field while it is open here. @param {IncidentView} incident @param {Edit} mine */
function meanwhile(incident, mine) {
  const present = valueOf(incident, mine.name);
  if (present === mine.seen) return nothing;
  return html`<p class="conflict" role="alert">${t("{by} hat inzwischen geändert:", { by: incident.edits[mine.name]?.by ?? "?" })} „${present}“</p>`;
}

/** @param {import("../app.js").App} app @param {IncidentView} incident @param {Edit} mine */
function conflict(app, incident, mine) {
  const found = mine.conflict;
  if (!found) return nothing;
  return html`<div class="conflict" role="alert">
    <p>${t("{by} war schneller ({at}). Was soll gelten?", { by: found.by, at: clock(found.at) })}</p>
    <p><span>${t("dort")}</span> „${show(found.present)}“ <button class="chip" @click=${() => cancel(app)}>${t("dabei bleiben")}</button></p>
    <p><span>${t("hier")}</span> „${show(mine.value)}“ <button class="chip" @click=${() => keepMine(app, incident, mine)}>${t("meines nehmen")}</button></p>
  </div>`;
}

/** @param {any} value */
function show(value) {
  return value === null || value === "" ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** @param {import("../app.js").App} app @param {IncidentView} incident @param {Edit} mine */
function keepMine(app, incident, mine) {
  mine.seen = mine.conflict?.present;
  mine.conflict = null;
  void commit(app, incident);
}

/** @param {KeyboardEvent} event @param {import("../app.js").App} app @param {IncidentView} incident @param {Options} options */
function editorKey(event, app, incident, options) {
  if (event.key === "Escape" && !event.defaultPrevented) {
    event.preventDefault();
    event.stopPropagation();
    cancel(app);
  } else if (event.key === "Enter" && !event.defaultPrevented && (!options.words || event.ctrlKey)) {
    event.preventDefault();
    event.stopPropagation();
    void commit(app, incident);
  }
}

/** @param {import("../app.js").App} app */
function cancel(app) {
  const name = edit?.name;
  edit = null;
  remember(EDIT, null);
  places = null;
  app.invalidate("work");
  app.draw();
  const back = document.querySelector(`.f-${name} .inplace`);
  if (back instanceof HTMLElement) back.focus();
}

/** @param {import("../app.js").App} app @param {IncidentView} incident */
async function commit(app, incident) {
  const mine = edit;
  if (!mine || mine.busy) return;
  /** @type {Record<string, {old: any, new: any}>} */
  const changes = {};
  const value = converted(mine);
  if (value !== mine.seen) changes[mine.name] = { old: mine.seen ?? null, new: value };
  if (mine.hit) Object.assign(changes, placeChanges(incident, mine.hit));
  if (!Object.keys(changes).length) {
    cancel(app);
    return;
  }
  mine.busy = true;
  mine.error = "";
  app.invalidate("work");
  const answer = await app.commands.send("incident.edit", { incident: incident.id, changes }, `edit:${incident.id}:${mine.name}`);
  mine.busy = false;
  if (edit !== mine) return;
  if (answer.ok) cancel(app);
  else if (answer.refused === "edited_meanwhile" && answer.detail[mine.name]) mine.conflict = answer.detail[mine.name];
  else mine.error = answer.reason ?? "";
  app.invalidate("work");
}

/** @param {Edit} mine @returns {any} */
function converted(mine) {
  if (mine.name === "priority") return Number(mine.value);
  if (mine.name === "hospital") return mine.value || null;
  // The same minute is no change, however the node writes it.
  if (mine.name === "appointment_at") return fieldMoment(mine.seen) === mine.value ? mine.seen : momentOf(mine.value);
  return mine.value;
}

/** A place that was found brings its spot and its town along. @param {IncidentView} incident @param {PlaceHit} hit */
function placeChanges(incident, hit) {
  const spot = incident.lon !== null && incident.lat !== null ? { lon: incident.lon, lat: incident.lat } : null;
  return {
    spot: { old: spot, new: { lon: hit.lon, lat: hit.lat } },
    place_id: { old: incident.place_id, new: hit.id ?? "" },
    municipality: { old: incident.municipality, new: hit.municipality ?? "" },
  };
}
