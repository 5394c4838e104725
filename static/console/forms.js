/** The short forms of the acts on calls and incidents: what they ask and which command they become. */
import { t } from "./i18n.js";
import { assignmentState, outcomes } from "./labels.js";
import { clock } from "./time.js";
import { committed, findKeywords, placeLine, spokenName } from "./look.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./dialog.js").Form} Form */

/** @param {App} app @param {CallView} call @returns {Form} */
export function endCall(app, call) {
  return {
    title: t("Gespräch beenden"),
    lead: t("Zu diesem Anruf gibt es keinen Einsatz."),
    fields: [
      {
        name: "outcome", label: t("Grund"), kind: "choice", value: "advice",
        options: [
          { value: "advice", text: t("Auskunft oder Beratung") },
          { value: "duplicate", text: t("bereits gemeldet") },
          { value: "transferred", text: t("weitervermittelt (116117, Polizei …)") },
          { value: "silent", text: t("niemand spricht") },
          { value: "hung_up", text: t("aufgelegt") },
          { value: "wrong_number", text: t("falsch verbunden") },
          { value: "misuse", text: t("Missbrauch") },
          { value: "test", text: t("Probeanruf") },
        ],
      },
    ],
    submit: t("Beenden"),
    run: async (values) => {
      const answer = await app.commands.send("call.end", { call: call.id, outcome: values.outcome }, `call:${call.id}`);
      if (answer.ok && app.selection.chosen.draft === call.id) {
        app.intake.drop(call.id);
        app.selection.choose({ draft: null, call: null });
      }
      return answer;
    },
  };
}

/** @param {App} app @param {CallView} call @returns {Form} */
export function handCall(app, call) {
  const seats = Object.values(app.state.master.seats).filter((seat) => seat.centre === call.centre && seat.id !== app.me.seat);
  const taken = seats.filter((seat) => app.state.seats[seat.id]);
  return {
    title: t("Gespräch übergeben"),
    lead: `${call.line} ${call.number}`,
    fields: [
      {
        name: "seat", label: t("An Platz"), kind: "choice", required: true,
        options: (taken.length ? taken : seats).map((seat) => ({
          value: seat.id, text: `${seat.name} ${app.state.seats[seat.id]?.user ?? t("(unbesetzt)")}`,
        })),
      },
    ],
    submit: t("Übergeben"),
    run: (values) => app.commands.send("call.hand", { call: call.id, seat: values.seat }, `call:${call.id}`),
  };
}

/** @param {App} app @param {CallView} call @returns {Form} */
export function calledBack(app, call) {
  return {
    title: t("Rückruf"),
    lead: t("Verlorener Anruf von {number}", { number: call.number || t("unbekannter Nummer") }),
    fields: [
      {
        name: "reached", label: t("Ergebnis"), kind: "choice",
        options: [{ value: "yes", text: t("erreicht") }, { value: "no", text: t("nicht erreicht") }],
      },
    ],
    submit: t("Eintragen"),
    run: (values) =>
      app.commands.send("call.called_back", { call: call.id, reached: values.reached === "yes" }, `call:${call.id}`),
  };
}

/** @param {App} app @param {IncidentView} incident @returns {Form | null} */
export function recall(app, incident) {
  const units = incident.assignments.filter(committed);
  if (!units.length) return nothingThere(app, t("An diesem Einsatz ist kein Einsatzmittel gebunden."));
  return {
    title: t("Rückalarm"),
    lead: `${incident.number} · ${placeLine(incident)}`,
    fields: [
      {
        name: "units", label: t("Einsatzmittel"), kind: "checks", value: units.map((assignment) => assignment.unit),
        options: units.map((assignment) => ({
          value: assignment.unit, text: spokenName(app.state, assignment.unit), hint: assignmentState(assignment.state),
        })),
      },
      { name: "reason", label: t("Grund"), kind: "text", value: t("nicht mehr erforderlich"), required: true },
    ],
    submit: t("Rückalarm geben"),
    danger: true,
    run: async (values) => {
      if (!values.units.length) return false;
      return app.commands.send("incident.recall", { incident: incident.id, units: values.units, reason: values.reason }, "recall");
    },
  };
}

/** @param {App} app @param {IncidentView} incident @param {string} unit @returns {Form} */
export function direct(app, incident, unit) {
  return {
    title: t("Zielklinik"),
    lead: `${spokenName(app.state, unit)} · ${incident.number}`,
    fields: [{ name: "hospital", label: t("Klinik"), kind: "choice", required: true, options: hospitals(app) }],
    submit: t("Zuweisen"),
    run: (values) =>
      app.commands.send("incident.direct", { incident: incident.id, unit, hospital: values.hospital }, `unit:${unit}`),
  };
}

/** @param {App} app */
export function hospitals(app) {
  return Object.values(app.state.master.hospitals)
    .sort((a, b) => a.name.localeCompare(b.name))
    .map((hospital) => ({ value: hospital.id, text: hospital.name, hint: hospital.departments.join(", ") }));
}

/** @param {App} app @param {IncidentView} incident @returns {Form} */
export function raiseKeyword(app, incident) {
  const sameGroup = findKeywords(app.state, "").filter((row) => row.id !== incident.keyword);
  sameGroup.sort((a, b) => Number(b.group === incident.group) - Number(a.group === incident.group));
  return {
    title: t("Stichwort erhöhen"),
    lead: `${incident.number} · ${t("jetzt")} ${incident.keyword ?? "–"} ${incident.keyword_name ?? ""}`,
    fields: [
      {
        name: "keyword", label: t("Neues Stichwort"), kind: "choice", required: true,
        options: sameGroup.map((row) => ({ value: row.id, text: `${row.id} ${row.name}` })),
      },
      { name: "reason", label: t("Grund"), kind: "text", required: true, value: t("Rückmeldung von der Einsatzstelle") },
    ],
    submit: t("Erhöhen und Nachalarm vorschlagen"),
    run: async (values) => {
      const data = { incident: incident.id, keyword: values.keyword, reason: values.reason };
      const answer = await app.commands.send("incident.raise_keyword", data, "raise");
      if (answer.ok) app.proposing.wanted = incident.id;
      return answer;
    },
  };
}

/** @param {App} app @param {IncidentView} incident @returns {Form | null} */
export function merge(app, incident) {
  const others = Object.values(app.state.incidents)
    .filter((other) => other.id !== incident.id && other.state === "open")
    .map((other) => ({ other, away: metresBetween(incident, other) }))
    .sort((a, b) => a.away - b.away)
    .slice(0, 50);
  if (!others.length) return nothingThere(app, t("Es gibt keinen anderen offenen Einsatz."));
  return {
    title: t("Zusammenlegen"),
    lead: t("{number} geht im gewählten Einsatz auf: Anrufe, Einsatzmittel mit ihren Zeiten und Meldung ziehen um.", { number: incident.number }),
    fields: [
      {
        name: "into", label: t("Mit Einsatz"), kind: "choice", required: true,
        options: others.map(({ other, away }) => ({
          value: other.id,
          text: `${other.number} ${other.keyword ?? ""} ${placeLine(other)}${Number.isFinite(away) ? ` · ${(away / 1000).toFixed(1)} km` : ""}`,
        })),
      },
    ],
    submit: t("Zusammenlegen"),
    run: async (values) => {
      const answer = await app.commands.send("incident.merge", { incident: incident.id, into: values.into }, "merge");
      if (answer.ok) app.selection.choose({ incident: values.into, draft: null });
      return answer;
    },
  };
}

/** @param {App} app @param {IncidentView} incident @returns {Form} */
export function split(app, incident) {
  return {
    title: t("Teilen"),
    lead: t("Ein zweiter Einsatz am selben Ort entsteht; gewählte Einsatzmittel gehen mit ihren Zeiten dorthin."),
    fields: [
      {
        name: "assignments", label: t("Einsatzmittel"), kind: "checks",
        options: incident.assignments.filter(committed).map((assignment) => ({
          value: assignment.id, text: spokenName(app.state, assignment.unit), hint: assignmentState(assignment.state),
        })),
      },
      {
        name: "keyword", label: t("Stichwort des neuen Einsatzes"), kind: "choice", value: incident.keyword ?? "",
        options: findKeywords(app.state, "").map((row) => ({ value: row.id, text: `${row.id} ${row.name}` })),
      },
      { name: "report", label: t("Meldung"), kind: "words" },
    ],
    submit: t("Teilen"),
    run: async (values) => {
      const created = crypto.randomUUID();
      const data = {
        incident: incident.id, new: created, assignments: values.assignments, keyword: values.keyword, report: values.report,
      };
      const answer = await app.commands.send("incident.split", data, "split");
      if (answer.ok) app.selection.choose({ incident: created, draft: null });
      return answer;
    },
  };
}

/** @param {App} app @param {IncidentView} incident @returns {Form} */
export function handOver(app, incident) {
  return {
    title: t("An andere Leitstelle übergeben"),
    lead: `${incident.number} · ${placeLine(incident)}`,
    fields: [
      {
        name: "centre", label: t("Leitstelle"), kind: "choice", required: true,
        options: Object.values(app.state.master.centres)
          .filter((centre) => centre.id !== incident.centre)
          .map((centre) => ({ value: centre.id, text: centre.name })),
      },
      { name: "reason", label: t("Grund"), kind: "text", required: true },
    ],
    submit: t("Übergeben"),
    run: (values) =>
      app.commands.send("incident.hand_over", { incident: incident.id, centre: values.centre, reason: values.reason }, "hand"),
  };
}

/** @param {App} app @param {IncidentView} incident @returns {Form} */
export function close(app, incident) {
  const bound = incident.assignments.filter(committed);
  return {
    title: t("Einsatz abschließen"),
    lead: `${incident.number} · ${incident.keyword ?? ""} · ${placeLine(incident)}`,
    warning: bound.length
      ? t("Noch gebunden: {units}. Sie werden mit dem Abschluss frei.", {
          units: bound.map((assignment) => spokenName(app.state, assignment.unit)).join(", "),
        })
      : undefined,
    fields: [
      {
        name: "outcome", label: t("Ergebnis"), kind: "choice", value: "completed",
        options: outcomes().map(([value, text]) => ({ value, text })),
      },
      { name: "note", label: t("Bemerkung"), kind: "words" },
    ],
    submit: t("Abschließen"),
    danger: bound.length > 0,
    run: async (values) => {
      const data = { incident: incident.id, outcome: values.outcome, note: values.note, ...(bound.length ? { release: true } : {}) };
      return app.commands.send("incident.close", data, "close");
    },
  };
}

/** @param {App} app @param {UnknownSender} sender @returns {Form} */
export function settleUnknown(app, sender) {
  return {
    title: t("Unbekannter Absender"),
    lead: t("{kind} {identifier}: „{message}“, {n}-mal gehört, zuletzt {at}", {
      kind: sender.kind.toUpperCase(), identifier: sender.identifier, message: sender.message, n: sender.count,
      at: clock(sender.last_heard),
    }),
    fields: [
      {
        name: "settled_as", label: t("Erledigt als"), kind: "text", value: "", required: true,
        hint: t("z. B. Gerät der Nachbarleitstelle; ein neues Einsatzmittel legt die Administration an"),
      },
    ],
    submit: t("Erledigt"),
    run: (values) => app.commands.send("unknown_sender.settle", { sender: sender.id, settled_as: values.settled_as }, `unknown:${sender.id}`),
  };
}

/** @param {App} app @param {string} unit @returns {Form} */
export function moveUp(app, unit) {
  const covered = app.state.units[unit]?.cover ?? "";
  return {
    title: t("Gebietsabsicherung"),
    lead: spokenName(app.state, unit),
    fields: [
      {
        name: "station", label: t("Wache"), kind: "choice", value: covered,
        options: [
          { value: "", text: t("– zurück an die eigene Wache –") },
          ...Object.values(app.state.master.stations)
            .sort((a, b) => a.name.localeCompare(b.name))
            .map((station) => ({ value: station.id, text: station.name })),
        ],
      },
    ],
    submit: t("Anordnen"),
    run: (values) => app.commands.send("unit.move_up", { unit, station: values.station || null }, `unit:${unit}`),
  };
}

/** @param {App} app @param {string} text @returns {null} */
function nothingThere(app, text) {
  app.acts.say(text);
  return null;
}

/** @param {IncidentView} a @param {IncidentView} b @returns {number} metres, good enough to sort by */
function metresBetween(a, b) {
  if (a.lon === null || a.lat === null || b.lon === null || b.lat === null) return Infinity;
  const north = (a.lat - b.lat) * 111_200;
  const east = (a.lon - b.lon) * 111_200 * Math.cos((a.lat * Math.PI) / 180);
  return Math.hypot(north, east);
}
