/** Two acts that did not know of each other, side by side, until somebody signs which one stands. */
import { html, nothing } from "../html.js";
import { t } from "../i18n.js";
import { clock } from "../time.js";

/** @param {import("../app.js").App} app */
export function conflicts(app) {
  const open = Object.values(app.state.conflicts).sort((a, b) => a.found_at.localeCompare(b.found_at));
  if (!open.length) return nothing;
  return html`<section class="conflicts">
    <h3>${t("Widersprüche: beide Seiten gelten, bis jemand unterschreibt")}</h3>
    ${open.map((conflict) => one(app, conflict))}
  </section>`;
}

/** @param {import("../app.js").App} app @param {ConflictView} conflict */
function one(app, conflict) {
  const outcome = app.commands.outcome(`conflict:${conflict.id}`);
  const busy = outcome?.state === "pending" || outcome?.state === "waiting";
  return html`<article class="conflict" aria-label=${conflict.title}>
    <header><strong>${conflict.title}</strong><time>${t("gefunden {time}", { time: clock(conflict.found_at) })}</time></header>
    <div class="aspects">
      ${conflict.sides.map((side, index) => html`<div class="aspect">
        <p class="who"><b>${side.who}</b> · ${app.network.centreName(side.centre)} · <time>${clock(side.at)}</time></p>
        ${side.number ? html`<p>${t("Einsatz {number}", { number: side.number })}</p>` : nothing}
        <p class="value">${side.value || "–"}</p>
        ${side.seen ? html`<p class="seen">${t("sah vorher: {seen}", { seen: side.seen })}</p>` : nothing}
        <button class="button primary" ?disabled=${busy} @click=${() => void app.network.sign(conflict.id, index)}>${standing(conflict)}</button>
      </div>`)}
    </div>
    <label class="reason">${t("Grund")} <input id=${`reason-${conflict.id}`} class="text" maxlength="200" autocomplete="off" /></label>
    ${outcome?.state === "refused" ? html`<p class="refused" role="alert">${outcome.reason}</p>` : nothing}
  </article>`;
}

/** @param {ConflictView} conflict */
function standing(conflict) {
  return conflict.kind === "commitment" ? t("Dieser Einsatz behält es") : t("Das gilt");
}
