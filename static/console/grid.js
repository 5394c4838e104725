/** Moving through rows and tiles with the arrow keys; one tab stop for the whole list. */

const KEYS = ["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "Home", "End", "PageDown", "PageUp"];
const PAGE = 10;

/** @param {KeyboardEvent} event */
export function moveInRows(event) {
  if (!KEYS.includes(event.key) || event.defaultPrevented || event.ctrlKey || event.altKey) return;
  const target = event.target instanceof HTMLElement ? event.target : null;
  if (!target || target.matches("input, textarea, select")) return;
  const row = target.closest("[data-row]");
  const list = row?.closest("[data-rows]");
  if (!row || !list) return;
  const rows = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[data-row]")]);
  const next = list.hasAttribute("data-tiles") ? nextTile(rows, row, event.key) : nextRow(rows, row, event.key);
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

/** @param {HTMLElement[]} rows @param {Element} row @param {string} key */
function nextRow(rows, row, key) {
  const at = rows.indexOf(/** @type {HTMLElement} */ (row));
  const steps = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1, PageDown: PAGE, PageUp: -PAGE });
  if (key === "Home") return rows[0];
  if (key === "End") return rows.at(-1);
  const step = steps[key];
  return step === undefined ? undefined : rows[Math.max(0, Math.min(rows.length - 1, at + step))];
}

/** @param {HTMLElement[]} tiles @param {Element} tile @param {string} key */
function nextTile(tiles, tile, key) {
  const at = tiles.indexOf(/** @type {HTMLElement} */ (tile));
  if (key === "ArrowRight") return tiles[at + 1];
  if (key === "ArrowLeft") return tiles[at - 1];
  if (key === "ArrowDown" || key === "ArrowUp") return nearestInNextLine(tiles, at, key === "ArrowDown" ? 1 : -1);
  return nextRow(tiles, tile, key);
}

/** @param {HTMLElement[]} tiles @param {number} at @param {1 | -1} direction */
function nearestInNextLine(tiles, at, direction) {
  const own = tiles[at]?.getBoundingClientRect();
  if (!own) return undefined;
  let best;
  let line = NaN;
  let gap = Infinity;
  for (let index = at + direction; index >= 0 && index < tiles.length; index += direction) {
    const tile = tiles[index];
    const box = tile?.getBoundingClientRect();
    if (!tile || !box || Math.abs(box.top - own.top) < 3) continue;
    if (Number.isNaN(line)) line = box.top;
    if (Math.abs(box.top - line) > 3) break;
    const distance = Math.abs(box.left - own.left);
    if (distance < gap) {
      gap = distance;
      best = tile;
    }
  }
  return best;
}

/**
 * Tab stop of a row: the one that had the focus last, else the first.
 * @param {string | undefined} stop id of the row with the stop
 * @param {boolean} stopShown whether that row is still there
 * @param {string} id
 * @param {number} index
 */
export function tabStop(stop, stopShown, id, index) {
  return (stopShown ? id === stop : index === 0) ? "0" : "-1";
}
