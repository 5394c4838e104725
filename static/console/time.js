/** Times as they are shown: the clock of the node, in the time zone of the centres. */

let offsetMs = 0;

const CLOCK = new Intl.DateTimeFormat("de-DE", {
  timeZone: "Europe/Berlin", hour: "2-digit", minute: "2-digit", second: "2-digit",
});
const MINUTE = new Intl.DateTimeFormat("de-DE", { timeZone: "Europe/Berlin", hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("de-DE", {
  timeZone: "Europe/Berlin", weekday: "short", day: "2-digit", month: "2-digit", year: "numeric",
});
const MOMENT = new Intl.DateTimeFormat("de-DE", {
  timeZone: "Europe/Berlin", day: "2-digit", month: "2-digit", hour: "2-digit", minute: "2-digit",
});

/** @param {string} serverNow the node's clock as it was just heard */
export function setClock(serverNow) {
  offsetMs = Date.parse(serverNow) - Date.now();
}

/** Milliseconds since 1970 by the clock of the node. */
export function now() {
  return Date.now() + offsetMs;
}

/** @param {string | null | undefined} iso @returns {number | null} seconds since then, never below 0 */
export function secondsSince(iso) {
  return iso ? Math.max(0, (now() - Date.parse(iso)) / 1000) : null;
}

/** @param {string | number | null | undefined} at @returns {string} 04:12:09 */
export function clock(at) {
  return at === null || at === undefined || at === "" ? "" : CLOCK.format(new Date(at));
}

/** @param {string | null | undefined} iso @returns {string} 04:12 */
export function minute(iso) {
  return iso ? MINUTE.format(new Date(iso)) : "";
}

/** @param {string | null | undefined} iso @returns {string} 22.11., 04:12 */
export function moment(iso) {
  return iso ? MOMENT.format(new Date(iso)) : "";
}

/** @param {string | null | undefined} iso @returns {string} as a field for date and time wants it, by the clock of this machine */
export function fieldMoment(iso) {
  if (!iso) return "";
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** @param {string} field date and time as typed @returns {string | null} ISO 8601 */
export function momentOf(field) {
  const at = new Date(field);
  return field && !Number.isNaN(at.getTime()) ? at.toISOString() : null;
}

/** @param {number} at @returns {string} So., 22.11.2026 */
export function day(at) {
  return DAY.format(new Date(at));
}

/**
 * @param {number | null} seconds
 * @returns {string} 0:07, 12:41, 3:05 h, 2 d
 */
export function duration(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return "–";
  const whole = Math.floor(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  if (whole < 86400) return `${Math.floor(whole / 3600)}:${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} h`;
  return `${Math.floor(whole / 86400)} d`;
}

/** @param {number | null | undefined} seconds @returns {string} < 1 min, 4 min */
export function minutes(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  return seconds < 60 ? "< 1 min" : `${Math.ceil(seconds / 60)} min`;
}

/** @param {number | null | undefined} metres @returns {string} 340 m, 4,2 km */
export function distance(metres) {
  if (metres === null || metres === undefined) return "";
  return metres < 1000 ? `${Math.round(metres / 10) * 10} m` : `${(metres / 1000).toFixed(1).replace(".", ",")} km`;
}
