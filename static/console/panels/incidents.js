/** Running incidents: those that wait for units first, then the newest. */
import { tabStop } from "../grid.js";
import { html, nothing, repeat } from "../html.js";
import { t } from "../i18n.js";
import { keywordClass, timerName } from "../labels.js";
import { committed, mine, placeLine, shortName, stableOrder } from "../look.js";
import { duration, minute, secondsSince } from "../time.js";
import { windowButton } from "./queue.js";

/** @type {Topic[]} */
export const topics = ["incidents", "units", "presence", "master"];
export const ticks = true;
export const label = () => t("Einsätze");

/** @type {string[]} */
let shown = [];

/** @param {import("../app.js").App} app */
export function view(app) {
  const all = Object.values(app.state.incidents).filter((incident) => incident.state === "open");
  const own = all.filter((incident) => mine(app.me, incident.centre));
  const wanted = (app.ui.incidents.all ? all : own).sort(byUrgency);
  const rows = stableOrder(shown, wanted, (incident) => incident.id, app.held("incidents"));
  shown = rows.map((incident) => incident.id);
  const stop = app.stops.incidents;
  const stopShown = stop !== undefined && shown.includes(stop);
  const waiting = own.filter(waitsForUnits).length;
  return html`<h2 class="head">
      <span>${t("Einsätze")} <kbd>E</kbd></span>
      <span class="count ${waiting ? "warn" : ""}">${waiting ? t("{n} ohne Alarm", { n: waiting }) : rows.length}</span>
      <button class="chip" aria-pressed=${app.ui.incidents.all} @click=${() => toggleAll(app)}>
        ${app.ui.incidents.all ? t("alle") : t("eigene")}
      </button>
      ${app.alone ? nothing : windowButton(app, "incidents")}
    </h2>
    ${rows.length
      ? html`<div class="rows" role="grid" aria-label=${t("Einsätze")} data-rows>
          ${repeat(rows, (incident) => incident.id, (incident, index) => row(app, incident, tabStop(stop, stopShown, incident.id, index)))}
        </div>`
      : html`<p class="empty">${t("Kein laufender Einsatz. Mit N beginnen Sie einen.")}</p>`}`;
}

/** @param {import("../app.js").App} app */
function toggleAll(app) {
  app.ui.incidents.all = !app.ui.incidents.all;
  app.invalidate("incidents");
}

/** @param {IncidentView} incident @returns {boolean} nobody was alarmed yet */
function waitsForUnits(incident) {
  return incident.assignments.length === 0 && !incident.appointment_at;
}

/** @param {IncidentView} a @param {IncidentView} b */
function byUrgency(a, b) {
  const waits = Number(waitsForUnits(b)) - Number(waitsForUnits(a));
  if (waits) return waits;
  if (waitsForUnits(a)) return a.priority - b.priority || a.opened_at.localeCompare(b.opened_at);
  return b.opened_at.localeCompare(a.opened_at) || a.id.localeCompare(b.id);
}

/** @param {import("../app.js").App} app @param {IncidentView} incident @param {string} tab */
function row(app, incident, tab) {
  const chosen = app.selection.chosen.incident === incident.id;
  const fired = incident.timers.filter((timer) => timer.fired_at && !timer.seen_at);
  const here = (app.store.presence[incident.id] ?? []).filter((person) => person.seat !== app.me.seat);
  return html`<div
    class="incident ${keywordClass(incident.group ?? "")} ${chosen ? "chosen" : ""} ${waitsForUnits(incident) ? "waits" : ""} ${fired.length ? "fired" : ""}"
    role="row"
    tabindex=${tab}
    data-row
    data-id=${incident.id}
    aria-selected=${chosen}
    @click=${() => app.acts.openIncident(incident.id)}
  >
    <span class="code" role="gridcell">
      <span class="keyword" title=${incident.keyword_name ?? ""}>${incident.keyword ?? "?"}</span>
      <span class="number">${incident.number}</span>
    </span>
    <span class="main" role="gridcell">
      <span class="title">${placeLine(incident) || t("ohne Ort")}</span>
      <span class="sub">
        ${incident.exercise ? html`<span class="tag">${t("Übung")}</span>` : nothing}
        ${incident.appointment_at ? html`<span class="tag">${t("Termin {at}", { at: minute(incident.appointment_at) })}</span>` : nothing}
        ${(app.ui.incidents.all || app.me.centres.length > 1) && incident.centre !== app.me.centre ? html`<span class="tag">${app.state.master.centres[incident.centre]?.code ?? incident.centre}</span>` : nothing}
        ${incident.home !== incident.centre ? html`<span class="tag">${t("für {centre}", { centre: app.state.master.centres[incident.home]?.code ?? incident.home })}</span>` : nothing}
        ${here.length ? html`<span class="tag people" title=${here.map((person) => person.name).join(", ")}>${here.map((person) => person.seat).join(" ")}</span>` : nothing}
      </span>
    </span>
    <span class="side" role="gridcell"><time>${duration(secondsSince(incident.opened_at))}</time></span>
    <span class="units" role="gridcell">${units(app, incident)}</span>
    ${fired.length ? html`<span class="bell" role="gridcell"><b>!</b> ${bells(app, fired)}</span>` : nothing}
  </div>`;
}

/** @param {import("../app.js").App} app @param {TimerView[]} fired @returns {string} by kind, with the units each is about */
function bells(app, fired) {
  /** @type {Map<string, string[]>} */
  const kinds = new Map();
  for (const timer of fired) kinds.set(timer.kind, [...(kinds.get(timer.kind) ?? []), ...(timer.unit ? [shortName(app.state, timer.unit)] : [])]);
  return [...kinds].map(([kind, names]) => `${timerName(kind)}${names.length > 3 ? ` (${names.length})` : names.length ? `: ${names.join(", ")}` : ""}`).join(" · ");
}

/** @param {import("../app.js").App} app @param {IncidentView} incident */
function units(app, incident) {
  const bound = incident.assignments.filter(committed);
  if (waitsForUnits(incident)) return html`<span class="none">${t("noch nicht alarmiert")}</span>`;
  if (!bound.length) return html`<span class="none">${t("keine Einsatzmittel gebunden")}</span>`;
  return bound.map((assignment) => {
    const live = app.state.units[assignment.unit];
    const alarmed = assignment.state === "alarmed";
    return html`<span class="mini"
      ><b class="st s${live?.status ?? 6} ${alarmed ? "alarmed" : ""}" title=${alarmed ? t("alarmiert") : ""}>${alarmed ? "A" : (live?.status ?? "?")}</b>${shortName(app.state, assignment.unit)}</span
    >`;
  });
}
