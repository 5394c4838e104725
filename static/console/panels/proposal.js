/** What to send, why, how long it takes, what was passed over and what is missing; changed by hand, alarmed by one key. */
import { tabStop } from "../grid.js";
import { html, nothing, repeat } from "../html.js";
import { ICONS } from "../icons.js";
import { t } from "../i18n.js";
import { findUnits, shortName, spokenName } from "../look.js";
import { Picker } from "../picker.js";
import { distance, duration, minutes } from "../time.js";

/** @type {Topic[]} */
export const topics = ["units"];
export const ticks = true;
export const label = () => t("Vorschlag");

const UNDO_SECONDS = 60;
const OLD_POSITION_SECONDS = 120;

/** @type {WeakMap<object, Picker>} */
const pickers = new WeakMap();

/** @param {import("../app.js").App} app */
export function view(app) {
  const { proposing } = app;
  const chosen = proposing.chosenRows();
  return html`<h2 class="head">
      <span>${t("Vorschlag")} <kbd>V</kbd></span>
      ${proposing.proposal ? html`<span class="count">${planNames(proposing.proposal)}</span>` : nothing}
      <span class="space"></span>
      ${proposing.busy ? html`<span class="pending">${t("rechnet …")}</span>` : nothing}
      ${proposing.outdated
        ? html`<button class="chip warn" @click=${() => app.acts.askAgain()}>${t("Ort oder Stichwort geändert: neu vorschlagen")} <kbd>U</kbd></button>`
        : nothing}
    </h2>
    <div class="body">${undo(app)} ${refusal(app)} ${proposing.target() ? content(app) : empty(app)}</div>
    ${proposing.rows.length
      ? html`<footer class="go">
          <button class="button alarm" ?disabled=${!chosen.length || proposing.alarming} @click=${() => app.acts.alarm()}>
            ${proposing.alarming ? t("wird alarmiert …") : t("Alarmieren ({n})", { n: chosen.length })} <kbd>F8</kbd>
          </button>
          ${proposing.scheduled()
            ? html`<button class="button" ?disabled=${!chosen.length} @click=${() => app.acts.reserve()}>${t("Vormerken")} <kbd>R</kbd></button>`
            : nothing}
          <span class="sum">${summary(app, chosen)}</span>
        </footer>`
      : nothing}`;
}

/** @param {Proposal} proposal */
function planNames(proposal) {
  return proposal.plans.map((plan) => `${plan.name}${plan.example ? ` (${t("Beispiel")})` : ""}`).join(" + ");
}

/** @param {import("../app.js").App} app */
function empty(app) {
  const incident = app.state.incidents[app.selection.chosen.incident ?? ""];
  return html`<p class="empty">${incident ? t("Zu diesem Einsatz ist nichts vorzuschlagen.") : t("Sobald Ort und Stichwort bekannt sind, steht hier, wer am schnellsten da ist.")}</p>`;
}

/** @param {import("../app.js").App} app */
function content(app) {
  const { proposing } = app;
  const { proposal, rows } = proposing;
  if (proposing.error) {
    return html`<p class="refused" role="alert">${proposing.error} <button class="chip" @click=${() => app.acts.askAgain()}>${t("noch einmal")} <kbd>U</kbd></button></p>`;
  }
  if (!proposal && !rows.length) return waiting(app);
  const stop = app.stops.proposal;
  const stopShown = rows.some((row) => row.unit === stop);
  return html`
    ${gaps(proposal)}
    ${proposal && !rows.length && !proposal.gaps.length ? html`<p class="empty">${t("Nach Plan ist alles da. Weitere Einsatzmittel nehmen Sie von Hand dazu.")}</p>` : nothing}
    <div class="rows" role="grid" aria-label=${t("Vorgeschlagene Einsatzmittel")} data-rows>
      ${repeat(rows, (row) => row.unit, (row, index) => line(app, row, tabStop(stop, stopShown, row.unit, index)))}
    </div>
    <div class="addition">${picker(app).view()}</div>
    ${alternatives(app)} ${passedOver(app, proposal)}
  `;
}

/** @param {import("../app.js").App} app */
function waiting(app) {
  const draft = app.intake.draft;
  const alarmed = app.state.incidents[draft?.incident ?? ""]?.assignments.length || app.proposing.lastAlarm?.incident === draft?.incident;
  if (draft && !(draft.incident && alarmed)) {
    const lacks = [draft.hit ? "" : t("Ort"), draft.keyword ? "" : t("Stichwort")].filter(Boolean).join(t(" und "));
    return html`<p class="empty">${lacks ? t("Es fehlt noch: {what}", { what: lacks }) : t("rechnet …")}</p>
      <div class="addition">${picker(app).view()}</div>`;
  }
  return html`<p class="empty">
      ${t("Alarmiert ist, was oben steht.")} <button class="chip" @click=${() => app.acts.askProposal()}>${t("Nachalarm vorschlagen")} <kbd>P</kbd></button>
    </p>
    <div class="addition">${picker(app).view()}</div>`;
}

/** @param {Proposal | null} proposal */
function gaps(proposal) {
  if (!proposal?.gaps.length) return nothing;
  return html`<ul class="gaps" role="alert">
    ${proposal.gaps.map((gap) => html`<li><b>${t("fehlt")}</b> ${gap.text}</li>`)}
  </ul>`;
}

/** @param {import("../app.js").App} app @param {import("../proposing.js").Row} row @param {string} tab */
function line(app, row, tab) {
  const live = app.state.units[row.unit];
  const from = app.state.incidents[row.take_from ?? ""];
  const old = row.position_age_seconds !== null && row.position_age_seconds > OLD_POSITION_SECONDS;
  const example = app.state.master.units[row.unit]?.example;
  return html`<div
    class="offer ${row.on ? "on" : "off"} ${row.take_from ? "taken" : ""}"
    role="row"
    tabindex=${tab}
    data-row
    data-id=${row.unit}
    aria-selected=${row.on}
  >
    <span role="gridcell" class="tick"
      ><input type="checkbox" tabindex="-1" .checked=${row.on} aria-label=${t("alarmieren")} @click=${() => app.proposing.toggle(row.unit)}
    /></span>
    <b role="gridcell" class="st s${live?.status ?? 6}">${live?.status ?? "?"}</b>
    <span role="gridcell" class="main">
      <span class="title"><b>${spokenName(app.state, row.unit)}</b> <span class="need">${row.need}</span>
        ${example ? html`<span class="example" title=${t("Beispieldaten")}>${t("Bsp.")}</span>` : nothing}</span>
      <span class="sub">
        ${row.why}${old ? html` <span class="warn">${t("Position {age} alt", { age: duration(row.position_age_seconds) })}</span>` : nothing}
      </span>
      ${row.take_from
        ? html`<span class="warning">
            ${row.confirmed
              ? t("wird {number} entzogen", { number: from?.number ?? "" })
              : t("gebunden an {number} {keyword} – Leertaste entzieht es dort", { number: from?.number ?? "", keyword: from?.keyword ?? "" })}
          </span>`
        : nothing}
    </span>
    <span role="gridcell" class="side"><time>${minutes(row.eta_seconds)}</time><small>${distance(row.distance_m)}</small></span>
    <span role="gridcell" class="tools">
      <button class="icon" tabindex="-1" title=${t("gegen das nächste tauschen (X)")} aria-label=${t("tauschen")} @click=${() => app.proposing.exchange(row.unit)}>${ICONS.exchange()}</button>
    </span>
  </div>`;
}

/** Units that could come but are never taken by the proposal itself. @param {import("../app.js").App} app */
function alternatives(app) {
  const known = new Set(app.proposing.rows.map((row) => row.unit));
  const list = (app.proposing.proposal?.slots ?? []).flatMap((slot) => slot.alternatives ?? []).filter((unit) => !known.has(unit.unit));
  if (!list.length) return nothing;
  return html`<details class="others" open>
    <summary>${t("Auch möglich")} (${list.length})</summary>
    <ul>
      ${list.slice(0, 6).map(
        (unit) => html`<li>
          <button class="chip" @click=${() => app.proposing.add(unit.unit)}>+ ${shortName(app.state, unit.unit)}</button>
          <span>${minutes(unit.eta_seconds)}</span> <span class="why">${unit.why}</span>
        </li>`,
      )}
    </ul>
  </details>`;
}

/** @param {import("../app.js").App} app @param {Proposal | null} proposal */
function passedOver(app, proposal) {
  if (!proposal?.passed_over.length) return nothing;
  return html`<details class="others">
    <summary>${t("Näher, aber übergangen")} (${proposal.passed_over.length})</summary>
    <ul>
      ${proposal.passed_over.map(
        (row) => html`<li>
          <button class="chip" title=${t("trotzdem nehmen")} @click=${() => app.proposing.add(row.unit)}>+ ${row.short}</button>
          <span>${minutes(row.eta_seconds)}</span> <span class="why">${row.why}</span>
        </li>`,
      )}
    </ul>
  </details>`;
}

/** An alarm that has just gone out can be called back. @param {import("../app.js").App} app */
function undo(app) {
  const last = app.proposing.lastAlarm;
  if (!last || Date.now() - last.at > UNDO_SECONDS * 1000) return nothing;
  const names = last.units.map((unit) => shortName(app.state, unit)).join(", ");
  return html`<p class="done" role="status">
    ${t("Alarmiert: {units}", { units: names })}
    <button class="chip" @click=${() => app.acts.undoAlarm()}>${t("zurücknehmen")}</button>
  </p>`;
}

/** @param {import("../app.js").App} app */
function refusal(app) {
  const draft = app.intake.draft;
  const outcome = app.commands.outcome("alarm");
  const opened = draft ? app.commands.outcome(`open:${draft.key}`) : undefined;
  const bad = [outcome, opened].find((one) => one && one.state !== "done" && one.state !== "pending");
  if (!bad) return nothing;
  return html`<p class=${bad.state === "refused" ? "refused" : "pending"} role="alert">
    ${bad.reason}
    ${bad.code === "outside_area" && draft
      ? html`<button class="chip" @click=${() => {
          app.intake.change({ anyway: true });
          void app.intake.open();
        }}>${t("trotzdem eröffnen")}</button>`
      : nothing}
    <button class="icon" aria-label=${t("schließen")} @click=${() => {
      app.commands.forget("alarm");
      if (draft) app.commands.forget(`open:${draft.key}`);
    }}>×</button>
  </p>`;
}

/** @param {import("../app.js").App} app @param {import("../proposing.js").Row[]} rows */
function summary(app, rows) {
  const slowest = Math.max(...rows.map((row) => row.eta_seconds ?? 0));
  const text = rows.map((row) => shortName(app.state, row.unit)).join(" · ");
  return rows.length ? `${text} – ${t("alle da in {time}", { time: minutes(slowest) })}` : t("nichts gewählt");
}

/** @param {import("../app.js").App} app */
function picker(app) {
  let known = pickers.get(app);
  if (!known) {
    known = new Picker({
      id: "add-unit",
      label: () => t("Einsatzmittel dazunehmen"),
      placeholder: () => t("+ Einsatzmittel: 83-1, DLK, Florian …"),
      source: (text) =>
        findUnits(app.state, text, app.me.centre).slice(0, 8).map((unit) => ({
          id: unit.id, title: unit.name, meta: `${unit.type} · ${app.state.master.stations[unit.station]?.name ?? ""}`,
          sign: String(app.state.units[unit.id]?.status ?? "?"), signClass: `st s${app.state.units[unit.id]?.status ?? 6}`,
          example: false, data: unit,
        })),
      choose: (item) => {
        known?.set("");
        app.proposing.add(item.id);
      },
      changed: () => app.invalidate("proposal"),
    });
    pickers.set(app, known);
  }
  return known;
}
