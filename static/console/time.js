/** Times as they are shown: the clock of the node, in the time zone of the centres. */

let offsetMs = 0;

const CLOCK = new Intl.DateTimeFormat("de-DE", {
  timeZone: "Europe/Berlin", hour: "2-digit", minute: "2-digit", second: "2-digit",
});
const MINUTE = new Intl.DateTimeFormat("de-DE", { timeZone: "Europe/Berlin", hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("de-DE", {
  timeZone: "Europe/Berlin", weekday: "short", day: "2-digit", month: "2-digit", year: "numeric",
});
const WALL = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Europe/Berlin", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
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

/** Milliseconds by which the clock of the centres is ahead of UTC at a moment. @param {number} at */
function ahead(at) {
  const parts = Object.fromEntries(WALL.formatToParts(new Date(at)).map((part) => [part.type, Number(part.value)]));
  const { year = 0, month = 1, day: date = 1, hour = 0, minute: past = 0 } = parts;
  return Date.UTC(year, month - 1, date, hour, past) - Math.floor(at / 60_000) * 60_000;
}

/** @param {string | null | undefined} iso @returns {string} as a field for date and time wants it, by the clock of the centres */
export function fieldMoment(iso) {
  if (!iso) return "";
  const at = Date.parse(iso);
  return new Date(at + ahead(at)).toISOString().slice(0, 16);
}

/** @param {string} field date and time as typed, by the clock of the centres @returns {string | null} ISO 8601 */
export function momentOf(field) {
  const wall = field ? Date.parse(`${field}Z`) : NaN;
  if (Number.isNaN(wall)) return null;
  // Twice, because the night of a change of clocks lies between the first guess and the answer.
  const guess = wall - ahead(wall);
  return new Date(wall - ahead(guess)).toISOString();
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
