/**
 * The one table of keys. A key fires in its scope (the panel that has the focus, then everywhere), never while one
 * types; function keys and combinations with Ctrl also work inside a field, since they write nothing there.
 */
import { t } from "./i18n.js";

/**
 * @typedef {"everywhere" | "queue" | "incidents" | "board" | "map" | "interview" | "proposal" | "detail"} Scope
 * @typedef {{key: string, scope: Scope, act: string, text: () => string, repeat?: boolean}} Shortcut
 */

/** @type {Shortcut[]} */
export const SHORTCUTS = [
  { key: "F1", scope: "everywhere", act: "help", text: () => t("Hilfe und alle Tasten") },
  { key: "?", scope: "everywhere", act: "help", text: () => t("Hilfe und alle Tasten") },
  { key: "F2", scope: "everywhere", act: "answer", text: () => t("ältesten Anruf annehmen") },
  { key: "F3", scope: "everywhere", act: "hold", text: () => t("Gespräch halten / wieder aufnehmen") },
  { key: "F4", scope: "everywhere", act: "hangUp", text: () => t("Gespräch beenden") },
  { key: "F6", scope: "everywhere", act: "nextPanel", text: () => t("zum nächsten Bereich") },
  { key: "Shift+F6", scope: "everywhere", act: "previousPanel", text: () => t("zum vorigen Bereich") },
  { key: "F7", scope: "everywhere", act: "noteTimer", text: () => t("älteste Zeitmeldung zur Kenntnis nehmen") },
  { key: "F8", scope: "everywhere", act: "alarm", text: () => t("Vorschlag alarmieren") },
  { key: "a", scope: "everywhere", act: "alarm", text: () => t("Vorschlag alarmieren") },
  { key: "F9", scope: "everywhere", act: "newIncident", text: () => t("neuer Einsatz ohne Anruf") },
  { key: "n", scope: "everywhere", act: "newIncident", text: () => t("neuer Einsatz ohne Anruf") },
  { key: "/", scope: "everywhere", act: "search", text: () => t("alles durchsuchen") },
  { key: ":", scope: "everywhere", act: "commandLine", text: () => t("Kommandozeile") },
  { key: "Ctrl+k", scope: "everywhere", act: "commandLine", text: () => t("Kommandozeile") },
  { key: "s", scope: "everywhere", act: "setStatus", text: () => t("Status setzen: Kommandozeile mit „s “") },
  { key: "Escape", scope: "everywhere", act: "back", text: () => t("schließen, zurück") },
  { key: "q", scope: "everywhere", act: "toQueue", text: () => t("zu den Anrufen") },
  { key: "e", scope: "everywhere", act: "toIncidents", text: () => t("zu den Einsätzen") },
  { key: "d", scope: "everywhere", act: "toWork", text: () => t("zu Abfrage und Einsatz") },
  { key: "v", scope: "everywhere", act: "toProposal", text: () => t("zum Vorschlag") },
  { key: "b", scope: "everywhere", act: "toBoard", text: () => t("zu den Einsatzmitteln") },
  { key: "k", scope: "everywhere", act: "toMap", text: () => t("zur Karte") },
  { key: "o", scope: "everywhere", act: "network", text: () => t("Verbund: Verbindung, Übernahme, Widersprüche") },
  { key: "t", scope: "everywhere", act: "theme", text: () => t("hell / dunkel") },
  { key: "l", scope: "everywhere", act: "mute", text: () => t("Töne aus / an") },

  { key: "Enter", scope: "queue", act: "openCall", text: () => t("Anruf annehmen oder öffnen") },
  { key: "h", scope: "queue", act: "holdRow", text: () => t("halten / wieder aufnehmen") },
  { key: "g", scope: "queue", act: "handRow", text: () => t("an einen Platz übergeben") },
  { key: "r", scope: "queue", act: "callBack", text: () => t("zurückgerufen") },
  { key: "Delete", scope: "queue", act: "endRow", text: () => t("Anruf beenden") },

  { key: "Enter", scope: "incidents", act: "openIncident", text: () => t("Einsatz öffnen") },
  { key: "m", scope: "incidents", act: "showOnMap", text: () => t("auf der Karte zeigen") },

  { key: "Enter", scope: "board", act: "openUnit", text: () => t("Einsatzmittel wählen") },
  { key: "+", scope: "board", act: "addUnit", text: () => t("in den Vorschlag nehmen") },
  { key: "m", scope: "board", act: "showUnitOnMap", text: () => t("auf der Karte zeigen") },

  { key: "Ctrl+Enter", scope: "interview", act: "openFromInterview", text: () => t("Einsatz eröffnen") },
  { key: "Alt+1", scope: "interview", act: "attachOffer1", text: () => t("Anruf dem angebotenen Einsatz zuordnen") },
  { key: "Alt+2", scope: "interview", act: "attachOffer2", text: () => t("… dem zweiten") },
  { key: "Alt+3", scope: "interview", act: "attachOffer3", text: () => t("… dem dritten") },
  ...["1", "2", "3", "4", "5", "6", "7", "8", "9"].map((key) => ({
    key,
    scope: /** @type {Scope} */ ("interview"),
    act: `treeAnswer${key}`,
    text: () => t("Antwort der Abfrage"),
  })),
  { key: "Backspace", scope: "interview", act: "treeBack", text: () => t("Abfrage einen Schritt zurück") },

  { key: "Space", scope: "proposal", act: "toggleRow", text: () => t("Einsatzmittel mit / ohne") },
  { key: "x", scope: "proposal", act: "exchangeRow", text: () => t("gegen das nächste tauschen") },
  { key: "+", scope: "proposal", act: "addToProposal", text: () => t("Einsatzmittel dazunehmen") },
  { key: "r", scope: "proposal", act: "reserve", text: () => t("für den Termin vormerken") },
  { key: "u", scope: "proposal", act: "askAgain", text: () => t("neu vorschlagen") },

  { key: "i", scope: "detail", act: "writeNote", text: () => t("Eintrag ins Einsatztagebuch") },
  { key: "p", scope: "detail", act: "askProposal", text: () => t("Nachalarm vorschlagen") },
  { key: "r", scope: "detail", act: "recall", text: () => t("Rückalarm") },
  { key: "w", scope: "detail", act: "raiseKeyword", text: () => t("Stichwort erhöhen") },
  { key: "z", scope: "detail", act: "merge", text: () => t("zusammenlegen") },
  { key: "x", scope: "detail", act: "split", text: () => t("teilen") },
  { key: "g", scope: "detail", act: "handOver", text: () => t("an andere Leitstelle übergeben") },
  { key: "c", scope: "detail", act: "close", text: () => t("abschließen") },
  { key: "m", scope: "detail", act: "showOnMap", text: () => t("auf der Karte zeigen") },
];

/** @returns {[Scope, string][]} scopes in the order help shows them */
export function scopeNames() {
  return [
    ["everywhere", t("Überall")], ["queue", t("Anrufe")], ["incidents", t("Einsätze")], ["interview", t("Abfrage")],
    ["proposal", t("Vorschlag")], ["detail", t("Einsatz")], ["board", t("Einsatzmittel")], ["map", t("Karte")],
  ];
}

/** @param {string} key as in the table @returns {string} as it is printed on a German keyboard */
export function keyLabel(key) {
  return key
    .replace("Ctrl+", `${t("Strg")} `).replace("Shift+", "⇧ ").replace("Alt+", "Alt ")
    .replace("Escape", "Esc").replace("Delete", t("Entf")).replace("Space", t("Leer")).replace("Backspace", "⌫")
    .replace("Enter", "↵")
    .replace(/\b([a-z])$/, (letter) => letter.toUpperCase());
}

/** @param {KeyboardEvent} event @returns {string} the key as in the table */
function keyOf(event) {
  const name = event.key === " " ? "Space" : event.key;
  const special = name.length > 1;
  let key = special ? name : name.toLowerCase();
  if (special && event.shiftKey) key = `Shift+${key}`;
  if (event.altKey) key = `Alt+${key}`;
  if (event.ctrlKey || event.metaKey) key = `Ctrl+${key}`;
  return key;
}

/** @param {EventTarget | null} target @returns {boolean} */
export function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "range"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

/** @param {KeyboardEvent} event @returns {boolean} the key would write or move something where it is pressed */
function belongsToField(event) {
  if (!isTyping(event.target)) return false;
  return !(/^F\d+$/.test(event.key) || event.key === "Escape" || event.ctrlKey || (event.altKey && /\d/.test(event.key)));
}

/** @param {EventTarget | null} target @param {string} key @returns {boolean} a button takes Enter and Space for itself */
function pressesButton(target, key) {
  const own = target instanceof HTMLElement && target.closest("button, a, summary, input[type=checkbox]");
  return Boolean(own) && (key === "Enter" || key === "Space");
}

/**
 * Listen for the keys of the table.
 * @param {(act: string, event: KeyboardEvent) => boolean} perform carries out an act; false: not possible now
 */
export function listen(perform) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || belongsToField(event)) return;
    const key = keyOf(event);
    if (pressesButton(event.target, key)) return;
    const inDialog = event.target instanceof Element && event.target.closest("dialog[open]");
    const scope = event.target instanceof Element ? event.target.closest("[data-scope]")?.getAttribute("data-scope") : null;
    for (const wanted of inDialog ? [] : [scope, "everywhere"]) {
      const found = SHORTCUTS.find((shortcut) => shortcut.scope === wanted && shortcut.key === key);
      // A key that is held down must not alarm twice.
      if (found && !event.repeat && perform(found.act, event)) {
        event.preventDefault();
        return;
      }
    }
  });
}
