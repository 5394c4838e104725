/** What stands across the screen while the own node is gone: at whom the work goes on, and the way back. */
import { html, nothing } from "../html.js";
import { t } from "../i18n.js";
import { nodes } from "../nodes.js";
import { clock, duration } from "../time.js";

/** Until then the line in the status bar is enough: most interruptions are over by then. */
const AWAY_SECONDS = 4;

/** @param {import("../app.js").App} app */
export function view(app) {
  if (!app.store.ready || app.lostSeat) return nothing;
  const { link } = app;
  if (link.state === "away" && link.age() > AWAY_SECONDS) return unreachable(link.age());
  return nodes.away ? elsewhere(app) : nothing;
}

/** Nobody answers. @param {number} age in seconds */
function unreachable(age) {
  const names = [nodes.here, ...nodes.others(nodes.at)].map((node) => node.name || node.id).filter(Boolean);
  return html`<div class="banner alarm" role="alert">
    <strong>${names.length > 1 ? t("Weder {nodes} antwortet.", { nodes: names.join(` ${t("noch")} `) }) : t("Der Server antwortet nicht.")}</strong>
    <span>${t("Gezeigt wird der Stand vor {age}. Was Sie eingeben, wird aufgehoben und gesendet, sobald eine Verbindung besteht.", { age: duration(age) })}</span>
  </div>`;
}

/** @param {import("../app.js").App} app */
function elsewhere(app) {
  const { link } = app;
  const names = { home: nodes.own.name, node: nodes.here.name };
  const back = {
    gone: html`<span>${t("Gleicher Platz, gleiche Rechte.")}</span>`,
    behind: html`<span>${t("{home} ist wieder da und holt noch auf.", names)}</span>`,
    ready: html`<span>${t("{home} ist wieder da und auf demselben Stand.", names)}</span>
      <button class="button primary" @click=${() => link.goBack()}>${t("Zurück zu {home}", names)}</button>`,
  }[link.home];
  const first = link.home === "gone" ? t("{home} antwortet nicht – Sie arbeiten an {node} weiter", names) : t("Sie arbeiten an {node}", names);
  return html`<div class="banner ${link.home}" role="status">
    <strong>${first}</strong>
    ${link.movedAt ? html`<time>${t("seit {time}", { time: clock(new Date(link.movedAt).toISOString()) })}</time>` : nothing}
    ${back}
  </div>`;
}
