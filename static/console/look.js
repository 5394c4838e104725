/** Reads over the console's state that more than one panel needs. Pure functions of the state. */

/** @param {string} text @returns {string} as it is compared: small, umlauts written out, single spaces */
export function folded(text) {
  return text
    .toLowerCase()
    .replaceAll("ä", "ae").replaceAll("ö", "oe").replaceAll("ü", "ue").replaceAll("ß", "ss")
    .replace(/\s+/g, " ")
    .trim();
}

/** @param {ConsoleState} state @param {string} unit */
export function stationOf(state, unit) {
  return state.master.stations[state.master.units[unit]?.station ?? ""];
}

/** @param {ConsoleState} state @param {string} unit */
export function branchOf(state, unit) {
  return state.master.unit_types[state.master.units[unit]?.type ?? ""]?.branch ?? "other";
}

/** @param {ConsoleState} state @param {string} unit @returns {string} what a dispatcher reads and types */
export function shortName(state, unit) {
  return state.master.units[unit]?.short || unit;
}

/** @param {ConsoleState} state @param {string | null | undefined} unit @returns {string} the spoken name */
export function spokenName(state, unit) {
  return unit ? (state.master.units[unit]?.name ?? unit) : "";
}

/** @param {AssignmentView} assignment @returns {boolean} bound by the incident: alarmed and not yet free again */
export function committed(assignment) {
  return assignment.state !== "ended" && assignment.state !== "reserved";
}

/** @param {Me} me @param {string} centre @returns {boolean} whether a centre's work is done at this seat */
export function mine(me, centre) {
  return !me.centres.length || me.centres.includes(centre);
}

/** @param {Me} me @param {CallView} call @returns {boolean} answered for here, or waiting so long that it rings here too */
function rings(me, call) {
  return mine(me, call.centre) || (call.spilled_to !== "" && mine(me, call.spilled_to));
}

/** @param {ConsoleState} state @param {Me} me @returns {CallView[]} what waits or runs, oldest first */
export function liveCalls(state, me) {
  return Object.values(state.calls)
    .filter((call) => rings(me, call) && call.state !== "ended")
    .sort((a, b) => a.rang_at.localeCompare(b.rang_at) || a.id.localeCompare(b.id));
}

/** @param {ConsoleState} state @param {string} seat @returns {CallView | undefined} the call that is spoken at a seat */
export function spokenCall(state, seat) {
  return Object.values(state.calls).find((call) => call.state === "answered" && call.seat === seat);
}

/**
 * Clocks that ran out and that nobody has noted.
 * @param {ConsoleState} state
 * @param {Me} me
 * @returns {{timer: TimerView, incident: IncidentView}[]} oldest first
 */
export function firedTimers(state, me) {
  const fired = [];
  for (const incident of Object.values(state.incidents)) {
    if (!mine(me, incident.centre)) continue;
    for (const timer of incident.timers) if (timer.fired_at && !timer.seen_at) fired.push({ timer, incident });
  }
  return fired.sort((a, b) => String(a.timer.fired_at).localeCompare(String(b.timer.fired_at)));
}

/** @param {IncidentView} incident @returns {string} where, as it is read in one line */
export function placeLine(incident) {
  return incident.place || incident.municipality || incident.county_name || "";
}

/**
 * The units a dispatcher may mean by what was typed: the short name, the part of it that is spoken, the spoken name.
 * An exact match comes alone; a number without a prefix means the town of the own centre, if that has it; units of the
 * own centre come first.
 * @param {ConsoleState} state
 * @param {string} typed
 * @param {string} centre
 * @returns {UnitMaster[]}
 */
export function findUnits(state, typed, centre) {
  const wanted = folded(typed);
  if (!wanted) return [];
  const compact = wanted.replaceAll(" ", "");
  const home = folded(state.master.centres[centre]?.code ?? "");
  /** @type {{unit: UnitMaster, rank: number}[]} */
  const hits = [];
  for (const unit of Object.values(state.master.units)) {
    const rank = matchRank(unit, wanted, compact, home);
    if (rank === null) continue;
    const county = state.master.counties[state.master.stations[unit.station]?.county ?? ""];
    hits.push({ unit, rank: rank + (county?.centre === centre || rank < 1 ? 0 : 0.5) });
  }
  hits.sort((a, b) => a.rank - b.rank || a.unit.short.localeCompare(b.unit.short, "de", { numeric: true }));
  if (hits[0] && hits[0].rank < 1 && (hits[1]?.rank ?? 9) >= 1) return [hits[0].unit];
  return hits.map((hit) => hit.unit);
}

/**
 * @param {UnitMaster} unit
 * @param {string} wanted
 * @param {string} compact
 * @param {string} home prefix of the own centre's town
 * @returns {number | null} 0 whole short name, 0.5 its number in the own town, 1 its number, 2 beginning, 3 within the spoken name, 4 type
 */
function matchRank(unit, wanted, compact, home) {
  const short = folded(unit.short);
  const name = folded(unit.name);
  if (short === wanted || short.replaceAll(" ", "") === compact || unit.id === wanted) return 0;
  const number = short.split(" ").at(-1) ?? "";
  if (number === wanted) return home && short === `${home} ${number}` ? 0.5 : 1;
  if (short.startsWith(wanted) || short.replaceAll(" ", "").startsWith(compact)) return 2;
  if (wanted.split(" ").every((word) => name.includes(word) || short.includes(word))) return 3;
  return unit.type.toLowerCase() === wanted || unit.issi === wanted ? 4 : null;
}

/**
 * Keywords by code, name or synonym; the code's beginning first.
 * @param {ConsoleState} state
 * @param {string} typed
 * @returns {KeywordRow[]}
 */
export function findKeywords(state, typed) {
  const wanted = folded(typed);
  const rows = Object.values(state.master.keywords);
  if (!wanted) return rows.sort(byKeyword);
  return rows
    .map((row) => ({ row, rank: keywordRank(row, wanted) }))
    .filter((hit) => hit.rank < 9)
    .sort((a, b) => a.rank - b.rank || byKeyword(a.row, b.row))
    .map((hit) => hit.row);
}

/** @param {KeywordRow} a @param {KeywordRow} b */
function byKeyword(a, b) {
  return a.group.localeCompare(b.group) || a.id.localeCompare(b.id, "de", { numeric: true });
}

/** @param {KeywordRow} row @param {string} wanted @returns {number} 9: no match */
function keywordRank(row, wanted) {
  const code = folded(row.id);
  const plain = wanted.replaceAll(/[ -]/g, "");
  if (code === wanted || code.replaceAll("-", "") === plain) return 0;
  if (code.startsWith(wanted) || (plain && code.replaceAll("-", "").startsWith(plain))) return 1;
  const name = folded(row.name);
  if (name.startsWith(wanted)) return 2;
  const texts = [name, ...row.synonyms.map(folded)];
  if (texts.some((text) => text.startsWith(wanted))) return 3;
  return wanted.split(" ").every((word) => texts.some((text) => text.includes(word))) ? 4 : 9;
}

/**
 * Keep rows where they are while somebody works in them: known rows stay in their order, new ones come last.
 * @template T
 * @param {string[]} shown ids as they stand on the screen
 * @param {T[]} wanted rows in the order they should have
 * @param {(row: T) => string} idOf
 * @param {boolean} held whether a row has the focus or the pointer
 * @returns {T[]}
 */
export function stableOrder(shown, wanted, idOf, held) {
  if (!held) return wanted;
  const place = new Map(shown.map((id, index) => [id, index]));
  return wanted
    .map((row, index) => ({ row, at: place.get(idOf(row)) ?? shown.length + index }))
    .sort((a, b) => a.at - b.at)
    .map((item) => item.row);
}
