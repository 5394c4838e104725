/** Calls of this centre: ringing first, oldest on top, with the time they have waited. */
import { tabStop } from "../grid.js";
import { html, nothing, repeat } from "../html.js";
import { ICONS } from "../icons.js";
import { t } from "../i18n.js";
import { callState } from "../labels.js";
import { liveCalls, stableOrder } from "../look.js";
import { duration, minute, secondsSince } from "../time.js";

/** @type {Topic[]} */
export const topics = ["calls", "seats"];
export const ticks = true;
export const label = () => t("Anrufe");

const URGENCY = { ringing: 0, answered: 1, held: 1, lost: 2, ended: 3 };
const LONG_SECONDS = 10;
const TOO_LONG_SECONDS = 30;

/** @type {string[]} */
let shown = [];

/** @param {import("../app.js").App} app */
export function view(app) {
  const calls = liveCalls(app.state, app.me).sort((a, b) => URGENCY[a.state] - URGENCY[b.state]);
  const rows = stableOrder(shown, calls, (call) => call.id, app.held("queue"));
  shown = rows.map((call) => call.id);
  const ringing = rows.filter((call) => call.state === "ringing").length;
  const stop = app.stops.queue;
  const stopShown = stop !== undefined && shown.includes(stop);
  return html`<h2 class="head">
      <span>${t("Anrufe")} <kbd>Q</kbd></span>
      <span class="count ${ringing ? "loud" : ""}">${ringing ? t("{n} klingeln", { n: ringing }) : t("keiner wartet")}</span>
      ${app.alone ? nothing : windowButton(app, "queue")}
    </h2>
    ${rows.length
      ? html`<div class="rows" role="grid" aria-label=${t("Anrufe")} data-rows>
          ${repeat(rows, (call) => call.id, (call, index) => row(app, call, tabStop(stop, stopShown, call.id, index)))}
        </div>`
      : html`<p class="empty">${t("Keine Anrufe. Ein neuer erscheint hier von selbst.")}</p>`}`;
}

/** @param {import("../app.js").App} app @param {CallView} call @param {string} tab */
function row(app, call, tab) {
  const mine = call.seat === app.me.seat;
  const waiting = secondsSince(call.state === "held" ? call.held_at : call.state === "answered" ? call.answered_at : call.rang_at) ?? 0;
  const outcome = app.commands.outcome(`call:${call.id}`);
  const chosen = app.selection.chosen.call === call.id || app.selection.chosen.draft === call.id;
  const late = call.state === "ringing" ? (waiting > TOO_LONG_SECONDS ? "late" : waiting > LONG_SECONDS ? "long" : "") : "";
  return html`<div
    class="call ${call.state} ${late} ${chosen ? "chosen" : ""}"
    role="row"
    tabindex=${tab}
    data-row
    data-id=${call.id}
    aria-selected=${chosen}
    @click=${() => app.acts.openCall(call.id)}
  >
    <span class="line" role="gridcell">${call.line}</span>
    <span class="main" role="gridcell">
      <span class="title">${call.number || t("ohne Nummer")}</span>
      <span class="sub">${subline(app, call, mine)}</span>
    </span>
    <span class="side" role="gridcell">
      <span>${call.alarm ? html`<b class="flag">!</b> ` : nothing}<time>${duration(waiting)}</time></span>
      ${call.state === "ringing" && tab === "0" ? html`<kbd>F2</kbd>` : nothing}
    </span>
    ${outcome?.state === "refused" ? html`<span class="refused" role="gridcell">${outcome.reason}</span>` : nothing}
    ${outcome?.state === "waiting" ? html`<span class="pending" role="gridcell">${outcome.reason}</span>` : nothing}
  </div>`;
}

/** @param {import("../app.js").App} app @param {CallView} call @param {boolean} mine */
function subline(app, call, mine) {
  const parts = [callState(call.state)];
  if (call.state !== "ringing" && (call.user || call.seat)) parts.push(mine ? t("bei Ihnen") : `${call.user} ${call.seat}`.trim());
  if (call.state === "ringing" && call.seat) parts.push(t("für Platz {seat}", { seat: call.seat }));
  if (call.spilled_to) parts.push(call.centre === app.me.centre ? t("klingelt auch bei {centre}", { centre: app.network.centreName(call.spilled_to) }) : t("Überlauf von {centre}", { centre: app.network.centreName(call.centre) }));
  else if (call.home !== call.centre) parts.push(t("für {centre}", { centre: app.network.centreName(call.home) }));
  const incident = app.state.incidents[call.incident ?? ""];
  if (incident) parts.push(incident.number);
  else if (call.county) parts.push(app.state.master.counties[call.county]?.name ?? "");
  if (call.lon !== null) parts.push(call.accuracy_m === null ? t("geortet") : t("geortet ± {m} m", { m: Math.round(call.accuracy_m) }));
  if (call.state === "lost") parts.push(t("Rückruf offen, {at}", { at: minute(call.ended_at ?? call.rang_at) }));
  return parts.filter(Boolean).join(" · ");
}

/** @param {import("../app.js").App} app @param {string} name */
export function windowButton(app, name) {
  return html`<button class="icon" title=${t("in eigenem Fenster")} aria-label=${t("in eigenem Fenster")} @click=${() => app.acts.openWindow(name)}>${ICONS.window()}</button>`;
}
