/**
 * The service worker: keeps the console's shell (page, styles, scripts), so that a reload works while the node is gone.
 * It never keeps data. The node puts two constants before this text: VERSION, and SHELL with the names of the files.
 */

/// <reference path="./types.d.ts" />
/** @type {any} */
const worker = self;
const CACHE = `shell-${VERSION}`;
/** The page under which it is kept; one page for all panels. */
const PAGE = "/console/";
/** Where a person may be when the node is gone: at the console, or at the log-in, whose part the shell then takes. */
const PLACES = ["/", PAGE, "/login/", "/login/seat/"];
/** A frozen node accepts the connection and says nothing. */
const PATIENCE_MS = 1_500;

worker.addEventListener("install", (/** @type {any} */ event) => event.waitUntil(fill()));
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(begin()));
worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const request = /** @type {Request} */ (event.request);
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (request.mode === "navigate" && PLACES.includes(address.pathname)) event.respondWith(page(request));
  else if (address.pathname.startsWith("/static/")) event.respondWith(file(request));
});

async function fill() {
  const cache = await caches.open(CACHE);
  await cache.addAll(SHELL);
  await keepPage(await fetch(PAGE, { signal: AbortSignal.timeout(10_000) })).catch(() => null);
  await worker.skipWaiting();
}

async function begin() {
  for (const name of await caches.keys()) if (name.startsWith("shell-") && name !== CACHE) await caches.delete(name);
  await worker.clients.claim();
}

/** Keep the console's page, if it is one and belongs to the files that are kept. @param {Response} response */
async function keepPage(response) {
  if (!response.ok || response.redirected) return;
  const script = SHELL.find((name) => /\/console\/app\.([0-9a-f]+\.)?js$/.test(name)) ?? "";
  const text = await response.text();
  if (!text.includes(script)) return;
  const cache = await caches.open(CACHE);
  await cache.put(PAGE, new Response(text, { headers: response.headers }));
}

/** The node's own answer, or the page that is kept. @param {Request} request */
async function page(request) {
  const kept = await (await caches.open(CACHE)).match(PAGE);
  try {
    const asked = fetch(request);
    const response = await (kept ? Promise.race([asked, patience()]) : asked);
    if (kept && response.status >= 500) return kept;
    if (response.ok && !new URL(request.url).pathname.startsWith("/login")) {
      void keepPage(response.clone());
    }
    return response;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

/** @returns {Promise<never>} */
function patience() {
  return new Promise((_, reject) => setTimeout(() => reject(new Error("the node does not answer")), PATIENCE_MS));
}

/** A file is named by its content: what is kept is right. @param {Request} request */
async function file(request) {
  return (await caches.match(request)) ?? fetch(request);
}
