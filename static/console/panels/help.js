/** All keys by scope and all words of the command line, straight from their tables. */
import { WORDS } from "../commandline.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { keyLabel, scopeNames, SHORTCUTS } from "../shortcuts.js";

/** @param {import("../app.js").App} app */
export function help(app) {
  return html`<div class="help">
    <header>
      <h2>${t("Tasten und Befehle")}</h2>
      <button class="icon" aria-label=${t("schließen")} @click=${() => app.dialogs.close()}>×</button>
    </header>
    <div class="columns">
      ${scopeNames().map(([scope, name]) => {
        // The nine answers are one line.
        const keys = SHORTCUTS.filter((shortcut) => shortcut.scope === scope && !/^treeAnswer[2-9]$/.test(shortcut.act));
        return keys.length
          ? html`<section>
              <h3>${name}</h3>
              <dl>${keys.map((shortcut) => html`<dt><kbd>${shortcut.act === "treeAnswer1" ? "1 … 9" : keyLabel(shortcut.key)}</kbd></dt><dd>${shortcut.text()}</dd>`)}</dl>
            </section>`
          : "";
      })}
      <section>
        <h3>${t("Kommandozeile")}</h3>
        <dl>${WORDS.map((word) => html`<dt><code>${word.usage}</code></dt><dd>${word.text()}</dd>`)}</dl>
      </section>
      <section>
        <h3>${t("Gut zu wissen")}</h3>
        <p>${t("Einzelne Buchstaben wirken nur, wenn Sie nicht schreiben. Esc verlässt ein Feld, ohne etwas zu verlieren.")}</p>
        <p>${t("In Listen führen die Pfeiltasten, Enter öffnet. Listen ordnen sich nicht um, solange Sie darin sind.")}</p>
        <p>${t("Status 0 und 5 überlagern den Status; F7 beantwortet den ältesten.")}</p>
      </section>
    </div>
  </div>`;
}
