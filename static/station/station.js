// @ts-check
// Keeps the alarms of a station current and says how old they are.

const EVERY_MS = 2000;
const STALE_MS = 5000;

const alarms = /** @type {HTMLElement} */ (document.getElementById("alarms"));
const age = /** @type {HTMLTimeElement} */ (document.getElementById("age"));
let freshAt = Date.now();

/** Ids of the alarms that nobody has confirmed yet. @returns {Set<string>} */
function open() {
  const rows = alarms.querySelectorAll(".alarm:not([data-state='receipted'])");
  return new Set([...rows].map((row) => /** @type {HTMLElement} */ (row).dataset.delivery ?? ""));
}

/** One short tone for a new alarm; browsers allow it once somebody has touched the page. */
function tone() {
  const audio = new AudioContext();
  const sound = audio.createOscillator();
  sound.frequency.value = 880;
  sound.connect(audio.destination);
  sound.onended = () => void audio.close();
  sound.start();
  sound.stop(audio.currentTime + 0.6);
}

/** Fetch the alarms; what is being pressed at this moment is not replaced under the finger. */
async function refresh() {
  const answer = await fetch(alarms.dataset.source ?? "", { cache: "no-store", signal: AbortSignal.timeout(4000) });
  if (!answer.ok) return;
  const before = open();
  const text = await answer.text();
  if (!alarms.querySelector("button:active")) alarms.innerHTML = text;
  freshAt = Date.now();
  if ([...open()].some((delivery) => !before.has(delivery))) tone();
}

function showAge() {
  const old = Date.now() - freshAt;
  age.textContent = old < STALE_MS ? new Date(freshAt).toLocaleTimeString("de-DE", { timeZone: "Europe/Berlin" }) : `vor ${Math.round(old / 1000)} s`;
  age.classList.toggle("stale", old >= STALE_MS);
}

setInterval(showAge, 500);
setInterval(() => void refresh().catch(showAge), EVERY_MS);
