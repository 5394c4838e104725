/** The middle of the console: the interview while there is one, else the incident that is chosen. */
import { html } from "../html.js";
import { t } from "../i18n.js";
import * as detail from "./detail.js";
import * as interview from "./interview.js";

/** @type {Topic[]} */
export const topics = ["calls", "incidents", "units", "log", "presence", "master"];
export const ticks = true;
export const label = () => t("Abfrage und Einsatz");

/** @param {import("../app.js").App} app */
export function view(app) {
  const { chosen } = app.selection;
  const element = app.panels.get("work")?.element;
  if (app.intake.draft) {
    if (element) element.dataset.scope = "interview";
    return interview.view(app, app.intake.draft);
  }
  if (element) element.dataset.scope = "detail";
  if (chosen.incident) return detail.view(app, chosen.incident);
  return html`<h2 class="head"><span>${t("Abfrage und Einsatz")} <kbd>D</kbd></span></h2>
    <div class="welcome">
      <p>${t("Nichts gewählt. So geht es weiter:")}</p>
      <dl>
        <dt><kbd>F2</kbd></dt><dd>${t("ältesten Anruf annehmen")}</dd>
        <dt><kbd>N</kbd></dt><dd>${t("neuer Einsatz ohne Anruf")}</dd>
        <dt><kbd>E</kbd> <kbd>↓</kbd> <kbd>↵</kbd></dt><dd>${t("laufenden Einsatz öffnen")}</dd>
        <dt><kbd>/</kbd></dt><dd>${t("Ort, Einsatz, Einsatzmittel oder Stichwort suchen")}</dd>
        <dt><kbd>S</kbd></dt><dd>${t("Status setzen, z. B. s 83-1 4")}</dd>
        <dt><kbd>?</kbd></dt><dd>${t("alle Tasten und Befehle")}</dd>
      </dl>
    </div>`;
}
