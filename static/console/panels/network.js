/** The network in one place: what collides, the lines, who answers for what, rehearsals. */
import { html, nothing } from "../html.js";
import { t } from "../i18n.js";
import { duration, secondsSince } from "../time.js";
import { conflicts } from "./conflicts.js";
import { drills } from "./drills.js";
import { mandates, sheet } from "./takeover.js";

const CLOCK_MS = 500;

/** @param {import("../app.js").App} app */
export function view(app) {
  const { network, store } = app;
  return html`<div class="network" tabindex="-1">
    <header>
      <h2>${network.sheet ? t("Übernommen: {scope}", { scope: network.scopeName(network.sheet.scope) }) : t("Verbund der Leitstellen")}</h2>
      <button class="icon" aria-label=${t("schließen")} @click=${() => app.dialogs.close()}>×</button>
    </header>
    ${network.sheet ? sheet(app, network.sheet) : html`
      ${conflicts(app)}
      ${store.links.length ? nothing : html`<p class="empty">${t("Dieser Knoten arbeitet allein. Sobald ein weiterer aufgenommen ist, stehen hier Verbindung und Übernahme.")}</p>`}
      ${store.links.map((line) => partner(app, line))}
      ${store.quarantined ? html`<p class="warn">${t("{n} Einträge sind zurückgestellt: Diese Version kann sie nicht anwenden. Die Administration zeigt sie; eine neuere Version holt sie nach.", { n: store.quarantined })}</p>` : nothing}
      ${mandates(app)}
      ${drills(app)}`}
  </div>`;
}

/** @param {import("../app.js").App} app @param {LinkView} line */
function partner(app, line) {
  const readiness = app.store.readiness?.partners.find((one) => line.centres.includes(one.partner));
  return html`<section>
    <h3 class="state ${look(line)}"><i></i>${line.name}: ${stateWords(line)}</h3>
    <dl class="figures">
      <div><dt>${t("zuletzt gehört")}</dt><dd>${line.heard_at ? t("vor {age}", { age: duration(secondsSince(line.heard_at)) }) : t("noch nie")}</dd></div>
      <div><dt>${t("dort noch nicht gesichert")}</dt><dd class=${line.lag_entries ? "warn" : ""}>${lag(line)}</dd></div>
      <div><dt>${t("hier noch fehlend")}</dt><dd class=${line.behind_entries ? "warn" : ""}>${t("{n} Einträge", { n: line.behind_entries })}</dd></div>
      <div><dt>${t("Uhr")}</dt><dd class=${Math.abs(line.clock_ms ?? 0) > CLOCK_MS ? "warn" : ""}>${clockWords(line)}</dd></div>
      <div><dt>${t("Laufzeit")}</dt><dd>${line.rtt_ms === null ? "–" : `${Math.round(line.rtt_ms)} ms`}</dd></div>
      <div><dt>${t("Version")}</dt><dd>${line.version || "–"}</dd></div>
      ${line.error ? html`<div class="wide"><dt>${t("letzter Fehler")}</dt><dd title=${line.error}>${errorWords(line.error)}</dd></div>` : nothing}
    </dl>
    ${readiness ? parts(line.name, readiness) : nothing}
  </section>`;
}

/** Why the line ended, for people: the part before the colon is its code. @param {string} error */
function errorWords(error) {
  /** @type {Record<string, string>} */
  const words = {
    nobody: t("Dort nimmt niemand die Verbindung an."), unreachable: t("Der andere Knoten ist nicht erreichbar."),
    garbled: t("Dort antwortet etwas, aber nicht der andere Knoten."), broken: t("Die Verbindung ist abgerissen."),
    certificate: t("Das Zertifikat des anderen Knotens passt nicht."), silent: t("Der andere Knoten schwieg zu lange."),
    bye: t("Der andere Knoten hat aufgelegt."), version: t("Der andere Knoten spricht eine fremde Fassung des Protokolls."),
    malformed: t("Der andere Knoten sandte Unverständliches."), protocol: t("Der andere Knoten hielt sich nicht an das Protokoll."),
    refused: t("Der andere Knoten hat sich nicht ausgewiesen."), database: t("Die eigene Datenbank antwortet nicht."),
    not_durable: t("Die eigene Datenbank sichert nicht jeden Eintrag auf der Platte: keine Verbindung erlaubt."),
    defect: t("Fehler in diesem Programm: bitte der Administration melden."),
    fork: t("Eine Kette hat sich gespalten; sie ruht, die anderen laufen weiter."),
    gap: t("In einer Kette fehlt ein Eintrag; sie ruht, die anderen laufen weiter."),
    too_large: t("Ein Eintrag ist zu groß; seine Kette ruht, die anderen laufen weiter."),
  };
  return words[error.split(":")[0] ?? ""] ?? error;
}

/** What must be there, in words, with the unit of its figures. @returns {Record<string, [string, string]>} */
function partNames() {
  return {
    agreement: [t("Vereinbarung in Kraft"), ""], link: [t("Verbindung"), ""], seats: [t("besetzte Plätze"), ""],
    queue: [t("wartende Anrufe dort"), ""], age: [t("Alter der Daten dort"), " s"], version: [t("Software"), ""],
    disk: [t("freier Speicher"), " %"], clock: [t("Abweichung der Uhr"), " ms"], drill: [t("letzte Übung vor"), ` ${t("Tagen")}`],
  };
}

/** @returns {Record<string, string>} */
function reasons() {
  return {
    unknown: t("nicht bekannt"), none: t("es gibt keine"), down: t("unterbrochen"), nobody: t("niemand da"), full: t("voll"),
    old: t("zu alt"), other: t("eine andere"), off: t("gehen auseinander"), never: t("noch keine"), long_ago: t("zu lange her"),
  };
}

/** @param {ReadinessPart} part @param {number | string | null} value @param {string} unit */
function figure(part, value, unit) {
  if (value === null || value === "") return "–";
  if (part.name === "agreement") return value ? t("ja") : t("nein");
  if (part.name === "link") return value === "up" ? t("verbunden") : value === "catching_up" ? t("holt auf") : t("keine Verbindung");
  return part.name === "version" && value === "=" ? t("wie hier") : `${value}${unit}`;
}

/** @param {string} name @param {{partner: string, score: number, parts: ReadinessPart[]}} readiness */
function parts(name, readiness) {
  const names = partNames();
  return html`<table class="parts">
    <caption>${t("Könnte {partner} uns jetzt tragen? {score} von 100", { partner: name, score: readiness.score })}</caption>
    <thead><tr><td></td><th>${t("Was")}</th><th>${t("jetzt")}</th><th>${t("Grenze")}</th><th>${t("Warum")}</th></tr></thead>
    <tbody>
      ${readiness.parts.map((part) => html`<tr class=${part.ok ? "" : "bad"}>
        <td>${part.ok ? "✓" : "✗"}<span class="unseen">${part.ok ? t("in Ordnung") : t("nicht in Ordnung")}</span></td>
        <td>${names[part.name]?.[0] ?? part.name}</td>
        <td>${figure(part, part.value, names[part.name]?.[1] ?? "")}</td>
        <td>${figure(part, part.limit, names[part.name]?.[1] ?? "")}</td>
        <td>${part.why ? reasons()[part.why] ?? part.why : ""}</td>
      </tr>`)}
    </tbody>
  </table>`;
}

/** What the status bar says of it; a click opens the rest. @param {import("../app.js").App} app */
export function summary(app) {
  const { store, state } = app;
  const open = Object.keys(state.conflicts).length;
  const asked = Object.values(state.mandates).filter((one) => one.state === "requested" && one.partner === app.me.centre).length
    + Object.values(state.drills).filter((one) => one.partner === app.me.centre && !one.accepted_at && !one.finished_at).length;
  const title = `${t("Verbund der Leitstellen")} ( O )`;
  return html`${store.quarantined ? html`<button class="chip warn" title=${title} @click=${() => app.network.open()}>${t("{n} zurückgestellt", { n: store.quarantined })}</button>` : nothing}
    ${open ? html`<button class="chip alarm" title=${title} @click=${() => app.network.open()}>${open === 1 ? t("1 Widerspruch") : t("{n} Widersprüche", { n: open })}</button>` : nothing}
    ${asked ? html`<button class="chip warn" title=${title} @click=${() => app.network.open()}>${t("Übernahme erbeten")}</button>` : nothing}
    ${store.links.map((line) => html`<button class="chip partner ${look(line)}" title=${title} @click=${() => app.network.open()}>
      <i></i>${line.name}${line.state === "up" ? score(app, line) : html` <span>${short(line)}</span>`}
      ${line.lag_entries ? html`<span class="warn">${t("{n} ungesichert", { n: line.lag_entries })}</span>` : nothing}
      ${Math.abs(line.clock_ms ?? 0) > CLOCK_MS ? html`<span class="warn">${clockWords(line)}</span>` : nothing}
    </button>`)}`;
}

/** @param {import("../app.js").App} app @param {LinkView} line */
function score(app, line) {
  const found = app.store.readiness?.partners.find((one) => line.centres.includes(one.partner));
  return found ? html` <b title=${t("Bereitschaft, uns zu tragen")}>${found.score}</b>` : nothing;
}

/** @param {LinkView} line */
function look(line) {
  return line.state === "up" ? "live" : line.state === "catching_up" ? "starting" : "away";
}

/** @param {LinkView} line */
function short(line) {
  return line.state === "catching_up" ? t("holt auf") : line.state === "never" ? t("noch nie verbunden") : t("getrennt {age}", { age: duration(secondsSince(line.since)) });
}

/** @param {LinkView} line */
function stateWords(line) {
  if (line.state === "up") return line.shared ? t("verbunden, gemeinsame Datenbank") : t("verbunden");
  if (line.state === "catching_up") return t("holt auf");
  return line.state === "never" ? t("noch nie verbunden") : t("keine Verbindung seit {age}", { age: duration(secondsSince(line.since)) });
}

/** @param {LinkView} line */
function lag(line) {
  return line.lag_entries ? t("{n} Einträge, ältester {age}", { n: line.lag_entries, age: duration(line.lag_seconds) }) : t("alles gesichert");
}

/** @param {LinkView} line */
function clockWords(line) {
  if (line.clock_ms === null) return "–";
  const seconds = Math.abs(line.clock_ms) / 1000;
  if (seconds * 1000 <= CLOCK_MS) return t("gleich");
  const age = seconds < 10 ? `${seconds.toFixed(1)} s` : duration(seconds);
  return line.clock_ms > 0 ? t("geht {age} vor", { age }) : t("geht {age} nach", { age });
}
