/**
 * One line for everything: `s 83-1 4`, `a`, `n`, `r 83-1` … It says what Enter will do before it is pressed.
 * Words are German with a short and a long form; the table below is all there is.
 */
import { html, live, nothing } from "./html.js";
import { t } from "./i18n.js";
import { outcomes, statusName } from "./labels.js";
import { committed, findKeywords, findUnits, folded, placeLine, spokenName } from "./look.js";
import { applyTheme } from "./theme.js";
import { duration, secondsSince } from "./time.js";

/**
 * What a line means: what Enter will do, or what is still missing.
 * @typedef {{text: string, ready: boolean, run?: () => unknown, choices?: {line: string, text: string}[]}} Meaning
 * @typedef {{words: string[], usage: string, text: () => string, read: (line: CommandLine, rest: string) => Meaning}} Word
 */

/** @param {string} text @param {() => unknown} run @returns {Meaning} */
const will = (text, run) => ({ text, ready: true, run });
/** @param {string} text @param {{line: string, text: string}[]} [choices] @returns {Meaning} */
const needs = (text, choices = []) => ({ text, ready: false, choices });

/** @type {Word[]} */
export const WORDS = [
  { words: ["s", "status"], usage: "s 83-1 4", text: () => t("Status setzen"), read: readStatus },
  { words: ["a", "alarm"], usage: "a [Text]", text: () => t("Vorschlag alarmieren"), read: readAlarm },
  { words: ["+", "dazu"], usage: "+ 83-1", text: () => t("Einsatzmittel in den Vorschlag nehmen"), read: readAdd },
  { words: ["-", "ohne"], usage: "- 83-1", text: () => t("Einsatzmittel aus dem Vorschlag tauschen"), read: readRemove },
  { words: ["r", "rück"], usage: "r 83-1 [Grund]", text: () => t("Rückalarm"), read: readRecall },
  { words: ["zk", "klinik"], usage: "zk 83-1 Jena", text: () => t("Zielklinik zuweisen"), read: readHospital },
  { words: ["o", "sprechwunsch"], usage: "o 83-1", text: () => t("Sprechwunsch oder Notruf beantwortet"), read: readOverlay },
  { words: ["mv", "abdeckung"], usage: "mv 83-1", text: () => t("Gebietsabsicherung anordnen"), read: readMoveUp },
  { words: ["n", "neu"], usage: "n", text: () => t("neuer Einsatz"), read: (line) => will(t("Neuen Einsatz beginnen"), () => line.app.acts.newIncident()) },
  { words: ["e", "einsatz"], usage: "e 123", text: () => t("Einsatz öffnen"), read: readIncident },
  { words: ["u", "mittel"], usage: "u 83-1", text: () => t("Einsatzmittel zeigen"), read: readUnit },
  { words: ["i", "notiz"], usage: "i Text", text: () => t("Eintrag ins Einsatztagebuch"), read: readNote },
  { words: ["sw", "stichwort"], usage: "sw B3 Grund", text: () => t("Stichwort erhöhen"), read: readKeyword },
  { words: ["ab", "abschluss"], usage: "ab erledigt", text: () => t("Einsatz abschließen"), read: readClose },
  { words: ["an", "annehmen"], usage: "an", text: () => t("ältesten Anruf annehmen"), read: (line) => will(t("Ältesten Anruf annehmen"), () => line.app.acts.answer()) },
  { words: ["h", "halten"], usage: "h", text: () => t("Gespräch halten / wieder aufnehmen"), read: (line) => will(t("Gespräch halten oder wieder aufnehmen"), () => line.app.acts.hold()) },
  { words: ["x", "auflegen"], usage: "x", text: () => t("Gespräch beenden"), read: (line) => will(t("Gespräch beenden"), () => line.app.acts.hangUp()) },
  { words: ["f", "fenster"], usage: "f karte", text: () => t("Bereich in eigenem Fenster"), read: readWindow },
  { words: ["thema"], usage: "thema hell|dunkel|auto", text: () => t("Farben"), read: readTheme },
  { words: ["sprache"], usage: "sprache de|en", text: () => t("Sprache"), read: readLanguage },
  { words: ["ton"], usage: "ton an|aus|0…100", text: () => t("Töne und Lautstärke"), read: readSound },
  { words: ["?", "hilfe"], usage: "?", text: () => t("Hilfe"), read: (line) => will(t("Hilfe zeigen"), () => line.app.acts.help()) },
];

export class CommandLine {
  /** @param {import("./app.js").App} app */
  constructor(app) {
    this.app = app;
    this.text = "";
    this.message = "";
    this.messageAt = 0;
    /** @type {string[]} */
    this.history = [];
    this.back = -1;
    this.at = -1;
    /** @type {Element | null} */
    this.before = null;
  }

  /** @param {string} text what already stands in the line */
  focus(text) {
    this.before = document.activeElement;
    this.text = text;
    this.at = -1;
    this.app.draw();
    const field = /** @type {HTMLInputElement | null} */ (document.getElementById("command"));
    this.app.invalidate("bars");
    field?.focus();
    field?.setSelectionRange(text.length, text.length);
  }

  leave() {
    this.text = "";
    this.app.invalidate("bars");
    if (this.before instanceof HTMLElement && this.before.isConnected && this.before !== document.body) this.before.focus();
    else /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
    return true;
  }

  /** @param {string} text */
  tell(text) {
    this.message = text;
    this.messageAt = performance.now();
    this.app.invalidate("bars");
  }

  /** @returns {Meaning | null} */
  meaning() {
    const line = this.text.trimStart();
    if (!line.trim()) return null;
    if (line.startsWith("/")) return will(t("Suchen: {text}", { text: line.slice(1).trim() }), () => this.app.search.show(line.slice(1).trim()));
    const [first = "", ...others] = line.split(/\s+/);
    const sign = /^[+\-?]/.exec(first)?.[0];
    const word = WORDS.find((known) => known.words.includes(first.toLowerCase()) || (sign && known.words.includes(sign)));
    const rest = sign && first.length > 1 ? [first.slice(1), ...others].join(" ") : others.join(" ");
    if (word) return word.read(this, rest);
    const close = WORDS.filter((known) => known.words.some((name) => name.startsWith(first.toLowerCase())));
    if (close.length) return needs(t("Befehl wählen"), close.map((known) => ({ line: `${known.words[0]} `, text: `${known.usage} – ${known.text()}` })));
    const units = findUnits(this.app.state, line, this.app.me.centre).slice(0, 6);
    if (units.length) return needs(t("Was soll mit dem Einsatzmittel geschehen?"), units.map((unit) => ({ line: `s ${unit.short} `, text: `${unit.name} – ${t("Status setzen")}` })));
    return needs(t("Diesen Befehl gibt es nicht. ? zeigt alle."));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const meaning = this.meaning();
    const choices = meaning?.choices ?? [];
    if (event.key === "Enter") {
      event.preventDefault();
      const choice = choices[this.at] ?? (meaning?.ready ? undefined : choices.length === 1 ? choices[0] : undefined);
      if (choice) this.write(choice.line);
      else if (meaning?.ready && meaning.run) this.run(meaning.run);
    } else if (event.key === "Tab" && choices.length && !event.shiftKey) {
      event.preventDefault();
      this.write((choices[Math.max(0, this.at)] ?? choices[0])?.line ?? this.text);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.move(event.key === "ArrowDown" ? 1 : -1, choices.length);
    }
  }

  /** @param {1 | -1} step @param {number} choices */
  move(step, choices) {
    if (choices) this.at = Math.max(-1, Math.min(choices - 1, this.at + step));
    else {
      this.back = Math.max(-1, Math.min(this.history.length - 1, this.back - step));
      this.text = this.history[this.back] ?? "";
    }
    this.app.invalidate("bars");
  }

  /** @param {string} line */
  write(line) {
    this.text = line;
    this.at = -1;
    this.app.invalidate("bars");
  }

  /** @param {() => unknown} run */
  run(run) {
    this.history.unshift(this.text);
    this.history.length = Math.min(this.history.length, 50);
    this.back = -1;
    this.leave();
    run();
  }

  /**
   * Send a command whose outcome is shown in the line.
   * @param {string} name @param {Record<string, any>} data @param {string} done
   */
  async send(name, data, done) {
    this.tell("…");
    const answer = await this.app.commands.send(name, data, "line");
    this.tell(answer.ok ? done : (answer.reason ?? ""));
    if (!answer.ok) this.app.sounds.play("refused");
  }

  view() {
    const meaning = this.meaning();
    const fresh = this.message && performance.now() - this.messageAt < 8000;
    return html`<div class="line">
        <label for="command" aria-label=${t("Kommandozeile")}>›</label>
        <input
          id="command"
          type="text"
          autocomplete="off"
          spellcheck="false"
          role="combobox"
          aria-expanded=${Boolean(meaning?.choices?.length)}
          aria-controls="command-choices"
          placeholder=${t("Befehl, z. B. s 83-1 4 · ? Hilfe")}
          .value=${live(this.text)}
          @input=${(/** @type {InputEvent} */ event) => this.write(/** @type {HTMLInputElement} */ (event.target).value)}
          @keydown=${(/** @type {KeyboardEvent} */ event) => this.key(event)}
        />
        ${meaning?.choices?.length
          ? html`<ul class="choices up" id="command-choices" role="listbox">
              ${meaning.choices.slice(0, 9).map(
                (choice, index) => html`<li role="option" aria-selected=${index === this.at} @mousedown=${(/** @type {MouseEvent} */ event) => {
                  event.preventDefault();
                  this.write(choice.line);
                }}><span class="title">${choice.text}</span></li>`,
              )}
            </ul>`
          : nothing}
      </div>
      <output class="meaning ${meaning?.ready ? "ready" : ""}" for="command">
        ${meaning ? html`${meaning.ready ? html`<kbd>↵</kbd> ` : nothing}${meaning.text}` : fresh ? this.message : nothing}
      </output>
      ${alertStrip(this.app)}`;
  }
}

/** @param {import("./app.js").App} app */
function alertStrip(app) {
  const all = app.announcer.alerts();
  return html`<div class="alerts" role="group" aria-label=${t("Meldungen")}>
    ${all.slice(0, 3).map((alert, index) => {
      const outcome = app.commands.outcome(`alert:${alert.id}`);
      return html`<button class="alert is-${alert.kind}" title=${outcome?.reason || t("zur Kenntnis nehmen")} @click=${() => app.acts.note(alert)}>
        ${index === 0 ? html`<kbd>F7</kbd>` : nothing}
        <span>${outcome?.state === "refused" ? outcome.reason : alert.text}</span>
        <time>${duration(secondsSince(alert.since))}</time>
      </button>`;
    })}
    ${all.length > 3 ? html`<span class="more">+${all.length - 3}</span>` : nothing}
  </div>`;
}

// --- the words ---------------------------------------------------------------------------------------------------

/**
 * The unit at the head of a text and what follows it. Names may have spaces, so the longest head that means exactly one
 * unit wins.
 * @param {CommandLine} line @param {string} rest @param {(unit: UnitMaster) => boolean} [among]
 * @returns {{unit: UnitMaster | null, rest: string, choices: UnitMaster[]}}
 */
function unitAtHead(line, rest, among = () => true) {
  const words = rest.trim().split(/\s+/).filter(Boolean);
  /** @type {UnitMaster[]} */
  let choices = [];
  for (let count = words.length; count > 0; count -= 1) {
    const found = findUnits(line.app.state, words.slice(0, count).join(" "), line.app.me.centre).filter(among);
    if (found.length === 1 && found[0]) return { unit: found[0], rest: words.slice(count).join(" "), choices: [] };
    if (found.length && !choices.length) choices = found;
  }
  return { unit: null, rest, choices };
}

/** @param {UnitMaster[]} units @param {(unit: UnitMaster) => string} lineOf @returns {Meaning} */
function chooseUnit(units, lineOf) {
  if (!units.length) return needs(t("Kurzruf, z. B. 83-1"));
  return needs(t("{n} Einsatzmittel passen", { n: units.length }), units.slice(0, 9).map((unit) => ({ line: lineOf(unit), text: `${unit.short} · ${unit.name}` })));
}

/** @param {CommandLine} line @param {string} rest @returns {Meaning} */
function readStatus(line, rest) {
  const last = /\s([0-9])$/.exec(` ${rest.trim()}`)?.[1];
  const head = last ? rest.trim().slice(0, -1) : rest;
  const { unit, choices } = unitAtHead(line, head);
  if (!unit) return chooseUnit(choices, (choice) => `s ${choice.short} ${last ?? ""}`);
  const now = line.app.state.units[unit.id];
  const present = now ? `${now.status} ${statusName(now.status)}, ${duration(secondsSince(now.since))}` : "–";
  if (!last) {
    return needs(
      t("{unit}, jetzt {present}: Status 0 bis 9?", { unit: unit.name, present }),
      [1, 2, 3, 4, 6, 7, 8].map((status) => ({ line: `s ${unit.short} ${status}`, text: `${status} ${statusName(status)}` })),
    );
  }
  const status = Number(last);
  return will(t("{unit}: Status {status} {name} (jetzt {present})", { unit: unit.name, status, name: statusName(status), present }), () =>
    line.send("unit.report_status", { unit: unit.id, status, source: "dispatcher" }, `${unit.name}: ${status} ${statusName(status)}`),
  );
}

/** @param {CommandLine} line @param {string} rest @returns {Meaning} */
function readAlarm(line, rest) {
  const rows = line.app.proposing.chosenRows();
  if (!rows.length) return will(t("Vorschlag holen"), () => line.app.acts.alarm());
  const names = rows.map((row) => spokenName(line.app.state, row.unit)).join(", ");
  return will(t("Alarmieren: {units}", { units: names }), () => line.app.proposing.alarm(rest.trim() || undefined));
}

/** @param {CommandLine} line @param {string} rest @returns {Meaning} */
function readAdd(line, rest) {
  const { unit, choices } = unitAtHead(line, rest);
  if (!unit) return chooseUnit(choices, (choice) => `+ ${choice.short}`);
  const live = line.app.state.units[unit.id];
  const bound = line.app.state.incidents[live?.incident ?? ""];
  return will(
    bound
      ? t("{unit} dazunehmen – gebunden an {number}, muss dort ausdrücklich entzogen werden", { unit: unit.name, number: bound.number })
      : t("{unit} in den Vorschlag nehmen", { unit: unit.name }),
    () => line.app.acts.addUnit(unit.id),
  );
}

/** @param {CommandLine} line @param {string} rest @returns {Meaning} */
function readRemove(line, rest) {
  const proposed = new Set(line.app.proposing.rows.map((row) => row.unit));
  const { unit, choices } = unitAtHead(line, rest, (candidate) => proposed.has(candidate.id));
  if (!unit) return chooseUnit(choices, (choice) => `- ${choice.short}`);
  return will(t("{unit} aus dem Vorschlag nehmen, nächstes vorschlagen", { unit: unit.name }), () => line.app.proposing.exchange(unit.id));
}

/** @param {CommandLine} line @param {string} rest @returns {Meaning} */
function readRecall(line, rest) {
  const bound = new Set(Object.values(line.app.state.units).filter((unit) => unit.incident).map((unit) => unit.id));
  const { unit, rest: reason, choices } = unitAtHead(line, rest, (candidate) => bound.has(candidate.id));
  if (!unit) return chooseUnit(choices, (choice) => `r ${choice.short} `);
  const incident = line.app.state.units[unit.id]?.incident ?? "";
  const number = line.app.state.incidents[incident]?.number ?? "";
  return will(t("Rückalarm {unit} aus {number}", { unit: unit.name, number }), () =>
    line.send("incident.recall", { incident, units: [unit.id], reason: reason || t("nicht mehr erforderlich") }, t("Rückalarm gegeben: {unit}", { unit: unit.name })),
  );
}

/** @param {CommandLine} line @param {string} rest @returns {Meaning} */
function readHospital(line, rest) {
  const { unit, rest: wanted, choices } = unitAtHead(line, rest, (candidate) => Boolean(line.app.state.units[candidate.id]?.incident));
  if (!unit) return chooseUnit(choices, (choice) => `zk ${choice.short} `);
  const words = folded(wanted).split(" ");
  const found = Object.values(line.app.state.master.hospitals).filter((row) => words.every((word) => folded(row.name).includes(word)));
  const [hospital] = found;
  if (!hospital || found.length > 1) {
    return needs(t("Klinik für {unit}", { unit: unit.name }), found.slice(0, 9).map((row) => ({ line: `zk ${unit.short} ${row.name}`, text: row.name })));
  }
  const incident = line.app.state.units[unit.id]?.incident;
  return will(t("{unit} fährt {hospital} an", { unit: unit.name, hospital: hospital.name }), () =>
    line.send("incident.direct", { incident, unit: unit.id, hospital: hospital.id }, `${unit.name} → ${hospital.name}`),
  );
}

/** @param {CommandLine} line @param {string} rest @returns {Meaning} */
function readOverlay(line, rest) {
  const { unit, choices } = unitAtHead(line, rest, (candidate) => line.app.state.units[candidate.id]?.overlay != null);
  if (!unit) return chooseUnit(choices, (choice) => `o ${choice.short}`);
  return will(t("{unit}: Sprechwunsch beantwortet", { unit: unit.name }), () =>
    line.send("unit.answer_overlay", { unit: unit.id }, t("{unit}: Sprechwunsch beantwortet", { unit: unit.name })),
  );
}

/** @param {CommandLine} line @param {string} rest @returns {Meaning} */
function readMoveUp(line, rest) {
  const { unit, choices } = unitAtHead(line, rest);
  if (!unit) return chooseUnit(choices, (choice) => `mv ${choice.short}`);
  return will(t("Gebietsabsicherung mit {unit}", { unit: unit.name }), () => line.app.acts.moveUp(unit.id));
}

/** @param {CommandLine} line @param {string} rest @returns {Meaning} */
function readIncident(line, rest) {
  const wanted = folded(rest);
  const found = Object.values(line.app.state.incidents).filter(
    (incident) => wanted && (incident.number.toLowerCase().endsWith(wanted) || folded(placeLine(incident)).includes(wanted)),
  );
  const [incident] = found;
  if (incident && found.length === 1) {
    return will(`${incident.number} ${incident.keyword ?? ""} ${placeLine(incident)}`, () => line.app.acts.openIncident(incident.id));
  }
  return needs(t("Ende der Einsatznummer oder Ort"), found.slice(0, 9).map((row) => ({ line: `e ${row.number}`, text: `${row.number} ${row.keyword ?? ""} ${placeLine(row)}` })));
}

/** @param {CommandLine} line @param {string} rest @returns {Meaning} */
function readUnit(line, rest) {
  const { unit, choices } = unitAtHead(line, rest);
  if (!unit) return chooseUnit(choices, (choice) => `u ${choice.short}`);
  return will(t("{unit} zeigen", { unit: unit.name }), () => line.app.acts.showUnitOnMap(unit.id));
}

/** @param {CommandLine} line @param {string} rest @returns {Meaning} */
function readNote(line, rest) {
  const incident = line.app.selection.chosen.incident;
  if (!incident) return needs(t("Es ist kein Einsatz gewählt."));
  if (!rest.trim()) return needs(t("Text des Eintrags"));
  return will(t("Eintrag ins Einsatztagebuch"), () =>
    line.send("incident.note", { incident, text: rest.trim(), kind: "note" }, t("Eingetragen.")),
  );
}

/** @param {CommandLine} line @param {string} rest @returns {Meaning} */
function readKeyword(line, rest) {
  const incident = line.app.state.incidents[line.app.selection.chosen.incident ?? ""];
  if (!incident) return needs(t("Es ist kein Einsatz gewählt."));
  const [code = "", ...reason] = rest.trim().split(/\s+/);
  const found = findKeywords(line.app.state, code);
  const keyword = found.find((row) => folded(row.id) === folded(code));
  if (!keyword) return needs(t("Stichwort"), found.slice(0, 9).map((row) => ({ line: `sw ${row.id} `, text: `${row.id} ${row.name}` })));
  return will(t("{number}: {old} wird {new}", { number: incident.number, old: incident.keyword ?? "–", new: `${keyword.id} ${keyword.name}` }), () =>
    line.send("incident.raise_keyword", { incident: incident.id, keyword: keyword.id, reason: reason.join(" ") || t("Rückmeldung von der Einsatzstelle") }, `${incident.number}: ${keyword.id}`),
  );
}

/** @param {CommandLine} line @param {string} rest @returns {Meaning} */
function readClose(line, rest) {
  const incident = line.app.state.incidents[line.app.selection.chosen.incident ?? ""];
  if (!incident) return needs(t("Es ist kein Einsatz gewählt."));
  const outcome = outcomes().filter(([, text]) => folded(text).startsWith(folded(rest)));
  const [first] = outcome;
  const choices = outcome.map(([, text]) => ({ line: `ab ${text}`, text }));
  if (!rest.trim() || !first || outcome.length > 1) return needs(t("Ergebnis für {number}", { number: incident.number }), choices);
  if (incident.assignments.some(committed)) {
    return will(t("{number} abschließen – es sind noch Einsatzmittel gebunden", { number: incident.number }), () => line.app.acts.close());
  }
  return will(t("{number} abschließen: {outcome}", { number: incident.number, outcome: first[1] }), () =>
    line.send("incident.close", { incident: incident.id, outcome: first[0] }, t("{number} abgeschlossen", { number: incident.number })),
  );
}

/** @param {CommandLine} line @param {string} rest @returns {Meaning} */
function readWindow(line, rest) {
  const names = [["anrufe", "queue"], ["einsätze", "incidents"], ["details", "work"], ["mittel", "board"], ["karte", "map"]];
  const found = names.filter(([word = ""]) => folded(word).startsWith(folded(rest)));
  const [first] = found;
  if (!first || found.length > 1) return needs(t("Welcher Bereich?"), found.map(([word = ""]) => ({ line: `f ${word}`, text: word })));
  return will(t("Eigenes Fenster: {name}", { name: first[0] ?? "" }), () => line.app.acts.openWindow(first[1] ?? ""));
}

/** @param {CommandLine} line @param {string} rest @returns {Meaning} */
function readTheme(line, rest) {
  const theme = /** @type {Record<string, import("./theme.js").Theme>} */ ({ hell: "light", dunkel: "dark", auto: "auto" })[rest.trim()];
  if (!theme) return needs(t("hell, dunkel oder auto"), ["hell", "dunkel", "auto"].map((word) => ({ line: `thema ${word}`, text: word })));
  return will(t("Farben: {name}", { name: rest.trim() }), () => {
    applyTheme(theme);
    line.app.invalidateAll();
  });
}

/** @param {CommandLine} line @param {string} rest @returns {Meaning} */
function readLanguage(line, rest) {
  const wanted = rest.trim();
  if (wanted !== "de" && wanted !== "en") return needs(t("de oder en"), ["de", "en"].map((word) => ({ line: `sprache ${word}`, text: word })));
  return will(wanted === "de" ? "Deutsch" : "English", () => line.app.speak(wanted));
}

/** @param {CommandLine} line @param {string} rest @returns {Meaning} */
function readSound(line, rest) {
  const { sounds } = line.app;
  const wanted = rest.trim();
  if (wanted === "an" || wanted === "aus") {
    return will(wanted === "an" ? t("Töne an") : t("Töne aus"), () => {
      sounds.choose({ muted: wanted === "aus" });
      line.app.invalidateAll();
    });
  }
  if (/^\d{1,3}$/.test(wanted) && Number(wanted) <= 100) {
    return will(t("Lautstärke {n} %", { n: wanted }), () => {
      sounds.choose({ volume: Number(wanted) / 100, muted: false });
      sounds.play("call");
      line.app.invalidateAll();
    });
  }
  return needs(t("an, aus oder Lautstärke 0 bis 100"), ["an", "aus", "50"].map((word) => ({ line: `ton ${word}`, text: word })));
}
