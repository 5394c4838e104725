/** All units by county and station, as small as they can be read: status, short name, type, time in status. */
import { tabStop } from "../grid.js";
import { html, live, nothing, repeat } from "../html.js";
import { t } from "../i18n.js";
import { branchName, statusName } from "../labels.js";
import { branchOf, folded, mine } from "../look.js";
import { clock, duration, secondsSince } from "../time.js";
import { windowButton } from "./queue.js";

/** @type {Topic[]} */
export const topics = ["units", "master"];
export const ticks = true;
export const label = () => t("Einsatzmittel");

/** @typedef {{station: StationRow, units: UnitMaster[]}} Group */

/** @param {import("../app.js").App} app */
export function view(app) {
  const groups = grouped(app);
  const units = groups.flatMap((group) => group.units);
  const stop = app.stops.board;
  const stopShown = units.some((unit) => unit.id === stop);
  let index = 0;
  return html`<h2 class="head">
      <span>${t("Einsatzmittel")} <kbd>B</kbd></span>
      ${counts(app, units)} ${filters(app)} ${app.alone ? nothing : windowButton(app, "board")}
    </h2>
    ${groups.length
      ? html`<div class="tiles" role="grid" aria-label=${t("Einsatzmittel nach Wachen")} data-rows data-tiles>
          ${repeat(
            groups,
            (group) => group.station.id,
            (group) => html`<div class="station" role="row">
              <div class="place" role="rowheader" title=${group.station.name}>
                ${group.station.name}${group.station.example ? html`<span class="example">${t("Beispiel")}</span>` : nothing}
              </div>
              ${repeat(group.units, (unit) => unit.id, (unit) => tile(app, unit, tabStop(stop, stopShown, unit.id, index++)))}
            </div>`,
          )}
        </div>`
      : html`<p class="empty">${t("Kein Einsatzmittel passt zum Filter.")}</p>`}
    ${card(app)}`;
}

/** @param {import("../app.js").App} app @returns {Group[]} stations with the units that pass the filter, own counties first */
function grouped(app) {
  const { state } = app;
  const filter = app.ui.board;
  const wanted = folded(filter.text);
  /** @type {Map<string, Group>} */
  const groups = new Map();
  for (const unit of Object.values(state.master.units)) {
    const live_ = state.units[unit.id];
    const station = state.master.stations[live_?.cover ?? unit.station] ?? state.master.stations[unit.station];
    if (!station) continue;
    if (filter.branch !== "all" && branchOf(state, unit.id) !== filter.branch) continue;
    if (filter.free && !(live_ && (live_.status === 1 || live_.status === 2) && !live_.incident)) continue;
    if (filter.centre === "own" && !mine(app.me, state.master.counties[station.county]?.centre ?? "") && !wanted) continue;
    if (wanted && !folded(`${unit.name} ${unit.short} ${unit.type} ${station.name}`).includes(wanted)) continue;
    const group = groups.get(station.id) ?? { station, units: [] };
    group.units.push(unit);
    groups.set(station.id, group);
  }
  const order = (/** @type {UnitMaster} */ unit) => state.master.unit_types[unit.type]?.order ?? 999;
  for (const group of groups.values()) {
    group.units.sort((a, b) => order(a) - order(b) || a.short.localeCompare(b.short, "de", { numeric: true }));
  }
  const kind = /** @type {Record<string, number>} */ ({ rescue: 0, air: 1, fire: 2, other: 3 });
  const rank = (/** @type {StationRow} */ station) => `${countyRank(app, station.county)} ${kind[station.kind] ?? 4} ${station.volunteer ? 1 : 0} ${station.name}`;
  return [...groups.values()].sort((a, b) => rank(a.station).localeCompare(rank(b.station), "de"));
}

/** @param {import("../app.js").App} app @param {string} county */
function countyRank(app, county) {
  const row = app.state.master.counties[county];
  return `${row?.centre === app.me.centre ? 0 : row?.centre ? 1 : 2} ${row?.name ?? ""}`;
}

/** @param {import("../app.js").App} app @param {UnitMaster[]} units */
function counts(app, units) {
  let free = 0;
  let bound = 0;
  let out = 0;
  for (const unit of units) {
    const now = app.state.units[unit.id];
    if (now?.incident) bound += 1;
    else if (now?.status === 1 || now?.status === 2) free += 1;
    else if (now?.status === 6) out += 1;
  }
  return html`<span class="count"><b class="free">${free}</b> ${t("frei")} · <b>${bound}</b> ${t("gebunden")} · ${out} ${t("außer Dienst")}</span>`;
}

/** @param {import("../app.js").App} app */
function filters(app) {
  const filter = app.ui.board;
  const set = (/** @type {Record<string, any>} */ change) => {
    Object.assign(filter, change);
    app.invalidate("board");
  };
  return html`<span class="filters">
    <input
      class="text small"
      type="text"
      aria-label=${t("Filter")}
      placeholder=${t("Filter")}
      .value=${live(filter.text)}
      @input=${(/** @type {InputEvent} */ event) => set({ text: /** @type {HTMLInputElement} */ (event.target).value })}
    />
    ${["all", "rescue", "fire"].map(
      (branch) => html`<button class="chip" aria-pressed=${filter.branch === branch} @click=${() => set({ branch })}>
        ${branch === "all" ? t("alle") : branch === "rescue" ? t("RD") : t("FW")}<span class="unseen">${branch === "all" ? "" : branchName(branch)}</span>
      </button>`,
    )}
    <button class="chip" aria-pressed=${filter.free} @click=${() => set({ free: !filter.free })}>${t("frei")}</button>
    <button class="chip" aria-pressed=${filter.centre === "all"} @click=${() => set({ centre: filter.centre === "own" ? "all" : "own" })}>
      ${t("Verbund")}
    </button>
  </span>`;
}

/** @param {import("../app.js").App} app @param {UnitMaster} unit @param {string} tab */
function tile(app, unit, tab) {
  const now = app.state.units[unit.id];
  const status = now?.status ?? 6;
  const alarmed = app.state.incidents[now?.incident ?? ""]?.assignments.some((one) => one.unit === unit.id && one.state === "alarmed");
  const away = now?.cover && now.cover !== unit.station;
  return html`<div
    class="tile ${now?.incident ? "bound" : ""} ${app.selection.chosen.unit === unit.id ? "chosen" : ""} ${now?.overlay === 0 ? "emergency" : now?.overlay === 5 ? "speak" : ""}"
    role="gridcell"
    tabindex=${tab}
    data-row
    data-id=${unit.id}
    title=${`${unit.name} · ${unit.type} · ${status} ${statusName(status)} · ${duration(secondsSince(now?.since))}`}
    @click=${() => app.acts.openUnit(unit.id)}
    @dblclick=${() => app.acts.addUnit(unit.id)}
  >
    <b class="st s${status} ${alarmed ? "alarmed" : ""}">${alarmed ? "A" : status}</b>
    <span class="short"><span class="prefix">${prefix(unit.short)}</span>${number(unit.short)}</span>
    <span class="type">${unit.type}</span>
    <span class="unseen">${statusName(status)}</span>
    ${now?.overlay === 0 ? html`<b class="ov">0</b>` : now?.overlay === 5 ? html`<b class="ov">5</b>` : nothing}
    ${away ? html`<span class="away" title=${t("Gebietsabsicherung")}>⇄</span>` : nothing}
  </div>`;
}

/** Under the name of its station the number of a short name says enough; small screens leave the rest out. @param {string} short */
function prefix(short) {
  return short.slice(0, short.length - number(short).length);
}

/** @param {string} short */
function number(short) {
  return short.split(" ").at(-1) ?? short;
}

/** The unit that is chosen, in full. @param {import("../app.js").App} app */
function card(app) {
  const unit = app.state.master.units[app.selection.chosen.unit ?? ""];
  if (!unit) return nothing;
  const { state } = app;
  const now = state.units[unit.id];
  const position = state.positions[unit.id];
  const incident = state.incidents[now?.incident ?? ""];
  const station = state.master.stations[unit.station];
  const outcome = app.commands.outcome(`unit:${unit.id}`);
  return html`<aside class="card" aria-label=${unit.name}>
    <header>
      <b class="st s${now?.status ?? 6}">${now?.status ?? "?"}</b>
      <strong>${unit.name}</strong> <span>${unit.type}</span>
      ${unit.example ? html`<span class="example">${t("Beispiel")}</span>` : nothing}
      <span class="space"></span>
      <button class="chip" @click=${() => app.acts.setStatus()}>${t("Status")} <kbd>S</kbd></button>
      <button class="chip" @click=${() => app.acts.addUnit(unit.id)}>${t("dazu")} <kbd>+</kbd></button>
      <button class="chip" @click=${() => app.acts.showUnitOnMap(unit.id)}>${t("Karte")} <kbd>M</kbd></button>
      <button class="chip" @click=${() => app.acts.moveUp(unit.id)}>${t("Absicherung")}</button>
      <button class="icon" aria-label=${t("schließen")} @click=${() => app.acts.openUnit(unit.id)}>×</button>
    </header>
    <p>
      ${statusName(now?.status ?? 6)} ${t("seit")} ${clock(now?.since)} (${duration(secondsSince(now?.since))})
      ${now?.note ? html` · ${now.note}` : nothing}
      ${incident ? html` · <button class="link" @click=${() => app.acts.openIncident(incident.id)}>${incident.number} ${incident.keyword ?? ""}</button>` : nothing}
      · ${station?.name ?? ""}${now?.cover && now.cover !== unit.station ? ` ⇄ ${state.master.stations[now.cover]?.name ?? now.cover}` : ""}
      · ${t("Besatzung")} ${unit.crew} · ISSI ${unit.issi || "–"}
      · ${position ? t("Position {age} alt", { age: duration(secondsSince(position.at)) }) : t("keine Position")}
    </p>
    ${outcome?.state === "refused" ? html`<p class="refused" role="alert">${outcome.reason}</p>` : nothing}
  </aside>`;
}
