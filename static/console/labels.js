/** German names of the codes that views carry. Functions, because the language may change while the console runs. */
import { t } from "./i18n.js";

/** @param {number} status @returns {string} */
export function statusName(status) {
  return [
    t("Notruf"), t("frei über Funk"), t("frei auf Wache"), t("Einsatz übernommen"), t("an der Einsatzstelle"),
    t("Sprechwunsch"), t("nicht einsatzbereit"), t("Patient aufgenommen"), t("am Zielort"), t("Handquittung"),
  ][status] ?? "";
}

/** @param {string} state @returns {string} */
export function callState(state) {
  return {
    ringing: t("klingelt"), answered: t("im Gespräch"), held: t("gehalten"), ended: t("beendet"), lost: t("verloren"),
  }[state] ?? state;
}

/** @param {string} state @returns {string} */
export function assignmentState(state) {
  return {
    reserved: t("vorgemerkt"), alarmed: t("alarmiert"), en_route: t("auf Anfahrt"), on_scene: t("am Einsatzort"),
    transporting: t("Transport"), at_hospital: t("am Zielort"), ended: t("beendet"),
  }[state] ?? state;
}

/** @param {string} state @returns {string} */
export function deliveryState(state) {
  return { owed: t("ausstehend"), sent: t("gesendet"), failed: t("gescheitert"), receipted: t("quittiert") }[state] ?? state;
}

/** @param {string} kind @returns {string} */
export function timerName(kind) {
  return {
    call_waiting: t("Anruf wartet"), no_receipt: t("Alarm nicht quittiert"), no_status_3: t("nicht ausgerückt"),
    unit_silent: t("Einsatzmittel meldet sich nicht"), appointment: t("Termin steht an"),
  }[kind] ?? kind;
}

/** @returns {[string, string][]} code and name, in the order they are offered */
export function outcomes() {
  return [
    ["completed", t("erledigt")], ["transported", t("transportiert")], ["left_on_scene", t("vor Ort verblieben")],
    ["no_patient", t("kein Patient")], ["false_alarm", t("Fehlalarm")], ["cancelled", t("storniert")],
    ["handed_over", t("abgegeben")], ["misuse", t("missbräuchlich")],
  ];
}

/** @param {string} code @returns {string} */
export function outcomeName(code) {
  return outcomes().find(([known]) => known === code)?.[1] ?? code;
}

/** @param {string} how @returns {string} */
export function countyHow(how) {
  return { inside: "", border: t("auf der Grenze"), nearest: t("knapp außerhalb, nächster Kreis") }[how] ?? "";
}

/** @param {string} medium @returns {string} */
export function mediumName(medium) {
  return { log: t("Alarmprotokoll"), station: t("Seite der Wache") }[medium] ?? medium;
}

/** @param {string} kind @returns {string} */
export function placeKind(kind) {
  return {
    settlement: t("Ort"), street: t("Straße"), object: t("Objekt"), motorway_km: t("Autobahn"),
    hospital: t("Krankenhaus"), station: t("Wache"), coordinate: t("Koordinate"), coordinates: t("Koordinate"),
  }[kind] ?? kind;
}

/** @param {string} group @returns {string} the class of a keyword that decides colour and sign: fire, technical … */
export function keywordClass(group) {
  return { B: "fire", H: "technical", ABC: "hazmat", RD: "medical", KTP: "transport", S: "special" }[group] ?? "none";
}

/** @param {string} branch @returns {string} */
export function branchName(branch) {
  return { rescue: t("Rettungsdienst"), fire: t("Feuerwehr"), other: t("Sonstige") }[branch] ?? branch;
}

/** @param {string} name of a field of an incident @returns {string} */
export function fieldName(name) {
  return {
    keyword: t("Stichwort"), priority: t("Priorität"), exercise: t("Übung"), appointment_at: t("Termin"),
    hospital: t("Zielklinik"), county: t("Landkreis"), place: t("Einsatzort"), place_detail: t("Ortszusatz"),
    spot: t("Koordinate"), report: t("Meldung"), caller_name: t("Anrufer"), caller_number: t("Rufnummer"),
  }[name] ?? name;
}
