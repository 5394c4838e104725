/** One incident: its fields edited in place, its units with their times, its clocks and its log. */
import { html, live, nothing, repeat } from "../html.js";
import { t } from "../i18n.js";
import { assignmentState, countyHow, deliveryState, keywordClass, mediumName, outcomeName, timerName } from "../labels.js";
import { recall, remember } from "../keep.js";
import { committed, shortName, spokenName } from "../look.js";
import * as forms from "../forms.js";
import { nodes } from "../nodes.js";
import { clock, duration, minute, moment, secondsSince } from "../time.js";
import { editable, fileOf } from "./fields.js";
import { orphaned } from "./takeover.js";
import { windowButton } from "./queue.js";

const NOTES = "notes";

/** Half-typed lines of the log by incident: they stay with theirs, and a reload goes on with them. @type {Record<string, string>} */
const notes = recall(NOTES) ?? {};

/** @param {import("../app.js").App} app @param {string} id */
export function view(app, id) {
  const live = app.state.incidents[id];
  const file = fileOf(app, id);
  const incident = live ?? file.incident;
  if (!incident) {
    return html`<h2 class="head"><span>${t("Einsatz")}</span></h2>
      <p class="empty">${file.error || t("Einsatz wird geladen …")}</p>`;
  }
  const open = incident.state === "open";
  return html`<h2 class="head ${keywordClass(incident.group ?? "")}">
      <b class="keyword">${incident.keyword ?? "?"}</b>
      <span class="titleline">${incident.keyword_name ?? t("ohne Stichwort")}</span>
      <span class="number">${incident.number}</span>
      ${incident.exercise ? html`<span class="tag loud">${t("Übung")}</span>` : nothing}
      ${open ? nothing : html`<span class="tag">${incident.state === "merged" ? t("zusammengelegt") : t("abgeschlossen")}${incident.outcome ? ` · ${outcomeName(incident.outcome)}` : ""}</span>`}
      <span class="space"></span>
      ${people(app, incident)}
      <time title=${moment(incident.opened_at)}>${open ? duration(secondsSince(incident.opened_at)) : minute(incident.closed_at)}</time>
      ${app.alone ? nothing : windowButton(app, "work")}
    </h2>
    <div class="body detail">
      ${open ? orphaned(app, incident) : nothing} ${timers(app, incident)} ${facts(app, incident, open)} ${assignments(app, incident, open)} ${acts(app, incident, open)}
      ${logbook(app, incident, file.error)}
    </div>
    ${entry(app, incident)}`;
}

/** @param {import("../app.js").App} app @param {IncidentView} incident */
function people(app, incident) {
  const here = (app.store.presence[incident.id] ?? []).filter((person) => person.seat !== app.me.seat);
  return here.map((person) => html`<span class="tag people" title=${person.field ? t("{name} schreibt", { name: person.name }) : person.name}>${person.seat}${person.field ? "✎" : ""}</span>`);
}

/** @param {import("../app.js").App} app @param {IncidentView} incident */
function timers(app, incident) {
  return app.announcer.alerts().filter((alert) => alert.kind === "timer" && alert.incident === incident.id).map((alert) => {
    const outcome = app.commands.outcome(`alert:${alert.id}`);
    const about = incident.timers.filter((timer) => alert.ids.includes(timer.id));
    const names = about.map((timer) => shortName(app.state, timer.unit ?? "")).filter(Boolean).join(", ");
    return html`<p class="timer" role="alert">
      <span><b>${timerName(about[0]?.kind ?? "")}</b> ${t("seit {age}", { age: duration(secondsSince(alert.since)) })}${names ? `: ${names}` : ""}</span>
      <button class="chip" @click=${() => app.acts.note(alert)}>${t("zur Kenntnis")} <kbd>F7</kbd></button>
      ${outcome?.state === "refused" ? html`<span class="refused">${outcome.reason}</span>` : nothing}
    </p>`;
  });
}

/** @param {import("../app.js").App} app @param {IncidentView} incident @param {boolean} open */
function facts(app, incident, open) {
  const county = [incident.county_name, countyHow(incident.county_how)].filter(Boolean).join(" · ");
  return html`<div class="facts">
    ${editable(app, incident, "place", t("Wo"), { open, strong: true })}
    <div class="fact f-county"><span class="name">${t("Kreis")}</span><span class="value">${[incident.municipality, county].filter(Boolean).join(", ") || "–"}
      ${incident.lat !== null && incident.lon !== null ? html`<span class="coordinates">${incident.lat.toFixed(5)} ${incident.lon.toFixed(5)}</span>` : nothing}</span></div>
    ${editable(app, incident, "place_detail", t("Zusatz"), { open })}
    ${editable(app, incident, "priority", t("Priorität"), { open, options: [1, 2, 3, 4, 5].map((n) => ({ value: String(n), text: String(n) })) })}
    ${editable(app, incident, "report", t("Meldung"), { open, words: true })}
    ${editable(app, incident, "caller_name", t("Anrufer"), { open })} ${editable(app, incident, "caller_number", t("Rückruf"), { open })}
    ${editable(app, incident, "hospital", t("Zielklinik"), { open, options: [{ value: "", text: "–" }, ...forms.hospitals(app)] })}
    ${incident.appointment_at ? editable(app, incident, "appointment_at", t("Termin"), { open, moment: true }) : nothing}
    <div class="fact f-times"><span class="name">${t("Zeiten")}</span><span class="value">${times(incident)}</span></div>
  </div>`;
}

/** @param {IncidentView} incident */
function times(incident) {
  const list = [
    [t("Anruf"), incident.call_received_at], [t("angenommen"), incident.call_answered_at], [t("eröffnet"), incident.opened_at],
    [t("Stichwort"), incident.keyword_set_at], [t("disponiert"), incident.dispatch_decided_at], [t("abgeschlossen"), incident.closed_at],
  ];
  return list.filter(([, at]) => at).map(([name, at]) => html`<span class="when">${name} <time>${clock(at)}</time></span>`);
}

const STEPS = /** @type {[string, () => string][]} */ ([
  ["alarmed", () => "A"], ["receipted", () => "Q"], ["en_route", () => "3"], ["on_scene", () => "4"],
  ["at_patient", () => "P"], ["transporting", () => "7"], ["at_hospital", () => "8"], ["ended", () => t("frei")],
]);

/** @param {import("../app.js").App} app @param {IncidentView} incident @param {boolean} open */
function assignments(app, incident, open) {
  if (!incident.assignments.length) {
    return html`<p class="empty small">${open ? t("Noch nicht alarmiert. F8 alarmiert den Vorschlag.") : t("Keine Einsatzmittel.")}</p>`;
  }
  const rows = [...incident.assignments].sort((a, b) => Number(b.state !== "ended") - Number(a.state !== "ended"));
  return html`<ul class="assignments" aria-label=${t("Einsatzmittel am Einsatz")}>
    ${repeat(rows, (one) => one.id, (one) => assignment(app, incident, one))}
  </ul>`;
}

/** @param {import("../app.js").App} app @param {IncidentView} incident @param {AssignmentView} one */
function assignment(app, incident, one) {
  const bound = committed(one);
  const status = app.state.units[one.unit]?.status ?? 6;
  const alarmed = one.state === "alarmed";
  const hospital = app.state.master.hospitals[one.hospital ?? ""];
  const outcome = app.commands.outcome(`unit:${one.unit}`);
  const words = [
    one.state === "reserved" ? t("vorgemerkt") : "",
    hospital ? `→ ${hospital.name}` : "",
    one.times.recalled ? t("Rückalarm {at}", { at: clock(one.times.recalled) }) : "",
    one.end_reason,
  ].filter(Boolean);
  return html`<li class=${one.state}>
    ${bound ? html`<b class="st s${status} ${alarmed ? "alarmed" : ""}">${alarmed ? "A" : status}</b>` : html`<b class="st ended">–</b>`}
    <span class="who">
      <button class="link" title=${[assignmentState(one.state), one.why].filter(Boolean).join(" · ")} @click=${() => app.acts.openUnit(one.unit)}>${spokenName(app.state, one.unit)}</button>
      ${deliveries(one)}
    </span>
    <span class="steps">
      ${STEPS.map(([step, name]) => (one.times[step] ? html`<span class="when ${step}"><b>${name()}</b> <time>${clock(one.times[step])}</time></span>` : nothing))}
      ${words.length ? html`<span class="words">${words.join(" · ")}</span>` : nothing}
      ${outcome?.state === "refused" ? html`<span class="refused">${outcome.reason}</span>` : nothing}
    </span>
    <span class="tools">${bound ? unitActs(app, incident, one) : nothing}</span>
  </li>`;
}

/** @param {import("../app.js").App} app @param {IncidentView} incident @param {AssignmentView} one */
function unitActs(app, incident, one) {
  const leave = { incident: incident.id, unit: one.unit };
  const atPatient = one.state === "on_scene" && !one.times.at_patient;
  return html`${atPatient
      ? html`<button class="chip" @click=${() => app.commands.send("unit.at_patient", { unit: one.unit }, `unit:${one.unit}`)}>${t("am Patienten")}</button>`
      : nothing}
    <button class="chip" title=${t("Zielklinik zuweisen")} @click=${() => app.dialogs.ask(forms.direct(app, incident, one.unit))}>${t("Klinik")}</button>
    ${one.state === "alarmed" || one.state === "en_route"
      ? html`<button class="chip" title=${t("Rückalarm")} @click=${() => recallOne(app, incident, one.unit)}>${t("zurück")}</button>`
      : html`<button class="chip" title=${t("aus dem Einsatz entlassen")} @click=${() => app.commands.send("incident.release", leave, `unit:${one.unit}`)}>${t("frei")}</button>`}`;
}

/** @param {import("../app.js").App} app @param {IncidentView} incident @param {string} unit */
function recallOne(app, incident, unit) {
  const data = { incident: incident.id, units: [unit], reason: t("nicht mehr erforderlich") };
  void app.commands.send("incident.recall", data, `unit:${unit}`);
}

const DELIVERY_SIGNS = { owed: "…", sent: "✓", failed: "✗", receipted: "✓✓" };

/** @param {AssignmentView} one */
function deliveries(one) {
  if (one.state === "ended") return nothing;
  return one.deliveries.map(
    (delivery) => html`<span class="delivery ${delivery.state}" title=${`${mediumName(delivery.medium)}: ${deliveryState(delivery.state)} ${delivery.detail}`}
      ><span aria-hidden="true">${DELIVERY_SIGNS[delivery.state]}</span><span class="unseen">${mediumName(delivery.medium)} ${deliveryState(delivery.state)}</span></span
    >`,
  );
}

/** @param {import("../app.js").App} app @param {IncidentView} incident @param {boolean} open */
function acts(app, incident, open) {
  if (!open) return html`<div class="acts">${sheet(incident)}</div>`;
  const bound = incident.assignments.some(committed);
  const button = (/** @type {string} */ act, /** @type {string} */ text, /** @type {string} */ key, usable = true) =>
    usable ? html`<button class="chip" @click=${() => app.acts.perform(act)}>${text} <kbd>${key}</kbd></button>` : nothing;
  const refused = ["recall", "raise", "merge", "split", "hand", "close"].map((name) => app.commands.outcome(name)).find((one) => one?.state === "refused" || one?.state === "waiting");
  return html`<div class="acts">
      ${button("askProposal", bound ? t("Nachalarm") : t("Vorschlag"), "P")} ${button("recall", t("Rückalarm"), "R", bound)}
      ${button("raiseKeyword", t("Stichwort"), "W")} ${button("showOnMap", t("Karte"), "M")} ${button("merge", t("Zusammenlegen"), "Z")}
      ${button("split", t("Teilen"), "X")} ${button("handOver", t("Übergeben"), "G")} ${button("close", t("Abschließen"), "C")}
      ${sheet(incident)}
    </div>
    ${refused && !app.dialogs.isOpen ? html`<p class="refused">${refused.reason}</p>` : nothing}`;
}

/** @param {IncidentView} incident */
function sheet(incident) {
  const address = `/console/incident/${incident.id}/sheet`;
  return html`<a class="chip" href=${address} target="_blank" rel="noopener" @click=${(/** @type {Event} */ event) => {
    if (!nodes.away) return;
    event.preventDefault();
    void openElsewhere(address);
  }}>${t("Bericht drucken")}</a>`;
}

/** A page of another node needs the token, which no address may carry. @param {string} address */
async function openElsewhere(address) {
  const page = window.open();
  try {
    const response = await nodes.request(address);
    if (page) page.location.href = URL.createObjectURL(new Blob([await response.text()], { type: "text/html" }));
  } catch {
    page?.close();
  }
}

/** @param {import("../app.js").App} app @param {IncidentView} incident @param {string} error */
function logbook(app, incident, error) {
  const lines = [...(app.store.logs.get(incident.id) ?? [])].sort((a, b) => b.at.localeCompare(a.at) || b.pos - a.pos);
  return html`<section class="log" aria-label=${t("Einsatztagebuch")}>
    <h3>${t("Einsatztagebuch")}</h3>
    ${error ? html`<p class="refused">${error}</p>` : nothing}
    <ol>
      ${repeat(
        lines,
        (line) => `${line.pos} ${line.type} ${line.text}`,
        (line) => html`<li class=${line.type.replaceAll(".", "-")}>
          <time title=${moment(line.at)}>${clock(line.at)}</time>
          <span class="who" title=${line.who}>${line.seat || line.who}</span>
          <span class="what">${line.text}${line.late_term ? html` <span class="tag">${t("unter früherer Zuständigkeit")}</span>` : nothing}</span>
        </li>`,
      )}
    </ol>
    ${lines.length || error ? nothing : html`<p class="empty small">${t("Noch keine Einträge.")}</p>`}
  </section>`;
}

/** @param {string} incident @param {string} text what stands in its line now */
function note(incident, text) {
  if (text) notes[incident] = text;
  else delete notes[incident];
  remember(NOTES, notes);
}

/** The field for the next line of the log, always in reach. @param {import("../app.js").App} app @param {IncidentView} incident */
function entry(app, incident) {
  const outcome = app.commands.outcome(`log:${incident.id}`);
  const waits = outcome?.state === "pending" || outcome?.state === "waiting";
  return html`<form class="go entry" @submit=${(/** @type {SubmitEvent} */ event) => void write(event, app, incident)}>
    <label for="log-note">${t("Eintrag")} <kbd>I</kbd></label>
    <input id="log-note" class="text" name="text" type="text" autocomplete="off" data-field="note"
      .value=${live(notes[incident.id] ?? "")} @input=${(/** @type {InputEvent} */ event) => note(incident.id, /** @type {HTMLInputElement} */ (event.target).value)}
      placeholder=${incident.state === "open" ? t("ins Einsatztagebuch, Enter speichert") : t("Nachtrag, Enter speichert")} />
    ${outcome?.state === "refused" ? html`<span class="refused">${outcome.reason}</span>` : waits ? html`<span class="pending">${outcome.reason || t("speichert …")}</span>` : nothing}
  </form>`;
}

/** @param {SubmitEvent} event @param {import("../app.js").App} app @param {IncidentView} incident */
async function write(event, app, incident) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const field = /** @type {HTMLInputElement} */ (form.elements.namedItem("text"));
  const text = field.value.trim();
  if (!text) return;
  field.value = "";
  note(incident.id, "");
  const answer = await app.commands.send("incident.note", { incident: incident.id, text, kind: "note" }, `log:${incident.id}`);
  // Refused words come back, unless something new stands there.
  if (!answer.ok && !notes[incident.id]) {
    note(incident.id, text);
    app.invalidate("work");
  }
}
