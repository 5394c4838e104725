/** What stands across the screen while the own node is gone: at whom the work goes on, and the way back. */
import { html, nothing } from "../html.js";
import { t } from "../i18n.js";
import { nodes } from "../nodes.js";
import { clock, duration, secondsSince } from "../time.js";

/** Until then the line in the status bar is enough: most interruptions are over by then. */
export const AWAY_SECONDS = 4;
/** Where the outcome of the take-over is shown. */
const PLACE = "take_over";
/** A record, hence German in every language. */
const REASON = "Knoten antwortet nicht";

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
    gone: takeOver(app, names),
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

/**
 * What runs at the own centre can be changed here once somebody has taken it over; who may is decided by the agreement.
 * @param {import("../app.js").App} app @param {{home: string, node: string}} names
 */
function takeOver(app, names) {
  const { state, me, store } = app;
  const scope = `centre:${me.centre}`;
  const line = store.links.find((one) => one.peer === nodes.home);
  if (line?.shared) return nothing;
  if (state.mandates[scope]?.state === "held") return html`<span>${t("{node} ist für {home} zuständig.", names)}</span>`;
  const agreement = Object.values(state.agreements).find((one) => one.centre === me.centre && nodes.here.centres.includes(one.partner));
  if (!agreement || !line) return html`<span>${t("Neues nimmt {node} auf.", names)}</span>`;
  const silent = line.heard_at ? secondsSince(line.heard_at) : null;
  const waits = line.state === "up" || silent === null ? agreement.silent_seconds : Math.ceil(agreement.silent_seconds - silent);
  const outcome = app.commands.outcome(PLACE);
  return html`<span>${t("Neues nimmt {node} auf; laufende Einsätze von {home} sind nach der Übernahme zu ändern.", names)}</span>
    ${outcome?.state === "refused" ? html`<span class="refused" role="alert">${outcome.reason}</span>` : nothing}
    <button class="button alarm" ?disabled=${waits > 0 || outcome?.state === "pending"} @click=${() => void take(app, scope)}>
      ${waits > 0 ? t("Übernahme in {n} s möglich", { n: waits }) : t("{home} übernehmen", names)}
    </button>`;
}

/** @param {import("../app.js").App} app @param {string} scope */
function take(app, scope) {
  return app.commands.send("take_over.take", { scope, reason: REASON }, PLACE);
}
