/** Rehearsed take-overs: begun here, accepted and answered at the partner, with the seconds each step took. */
import { html, nothing } from "../html.js";
import { t } from "../i18n.js";
import { clock, day } from "../time.js";

const SHOWN = 5;
const PLACE = "drill";

/** @param {import("../app.js").App} app */
export function drills(app) {
  const { me, state, store } = app;
  const partners = store.links.flatMap((line) => (line.state === "up" ? line.centres : [])).filter((centre) => centre !== me.centre);
  const newest = Object.values(state.drills).sort((a, b) => b.started_at.localeCompare(a.started_at)).slice(0, SHOWN);
  if (!partners.length && !newest.length) return nothing;
  const outcome = app.commands.outcome(PLACE);
  return html`<section class="drills">
    <h3>${t("Übungen der Übernahme")}</h3>
    ${partners.map((partner) => html`<button class="button" @click=${() => void app.network.act("drill.start", { drill: crypto.randomUUID(), partner }, PLACE)}>${t("Übung mit {centre} beginnen", { centre: app.network.centreName(partner) })}</button>`)}
    ${newest.length ? html`<button class="button" @click=${() => void app.network.print("/console/drills")}>${t("Bericht drucken")}</button>` : nothing}
    ${outcome?.state === "refused" ? html`<p class="refused" role="alert">${outcome.reason}</p>` : nothing}
    ${newest.length ? html`<table class="parts">
      <thead><tr><th>${t("Beginn")}</th><th>${t("von – bei")}</th><th>${t("angenommen nach")}</th><th>${t("erster Anruf nach")}</th><th>${t("Leitung")}</th><th>${t("gesichert")}</th><td></td></tr></thead>
      <tbody>${newest.map((drill) => row(app, drill))}</tbody>
    </table>` : nothing}
  </section>`;
}

/** @param {import("../app.js").App} app @param {DrillView} drill */
function row(app, drill) {
  const { network, me } = app;
  const asked = drill.partner === me.centre && !drill.accepted_at && !drill.finished_at;
  const running = !drill.finished_at && drill.centre === me.centre;
  return html`<tr>
    <td>${day(Date.parse(drill.started_at))} ${clock(drill.started_at)}</td>
    <td>${network.centreName(drill.centre)} – ${network.centreName(drill.partner)}</td>
    <td>${seconds(drill.seconds.to_accept)}</td><td>${seconds(drill.seconds.to_answer)}</td>
    <td>${milliseconds(drill.technical.rtt_ms)}</td><td>${milliseconds(drill.technical.secured_ms)}</td>
    <td>
      ${asked ? html`<button class="button primary" @click=${() => void network.act("drill.accept", { drill: drill.id }, PLACE)}>${t("Übernehmen (Übung)")}</button>` : nothing}
      ${running ? html`<button class="button" @click=${() => void network.act("drill.finish", { drill: drill.id }, PLACE)}>${t("Übung beenden")}</button>` : nothing}
      ${drill.aborted ? t("abgebrochen") : drill.finished_at ? t("beendet") : nothing}
    </td>
  </tr>`;
}

/** @param {number | null} value */
function seconds(value) {
  return value === null ? "–" : `${value.toFixed(1)} s`;
}

/** @param {number | null} value */
function milliseconds(value) {
  return value === null ? "–" : `${Math.round(value)} ms`;
}
