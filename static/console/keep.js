/**
 * What outlives a reload: for all windows of this browser (IndexedDB), and for one window (its session). A browser that
 * keeps nothing is no fault: then a reload begins anew. Leaving the seat wipes all of it.
 */

const DATABASE = "leitstelle";
const STORE = "kept";
const WINDOW_KEY = "leitstelle.window.";
const DRAFT_KEY = "leitstelle.draft.";

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>}
 */
async function within(mode, act) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** Keep a value for all windows. @param {string} key @param {unknown} value */
export async function keep(key, value) {
  await within("readwrite", (store) => store.put(value, key)).catch(() => null);
}

/** @param {string} key @returns {Promise<any>} what was kept, or null */
export async function kept(key) {
  return (await within("readonly", (store) => store.get(key)).catch(() => null)) ?? null;
}

/** Keep a value for this window. @param {string} key @param {unknown} value */
export function remember(key, value) {
  try {
    sessionStorage.setItem(WINDOW_KEY + key, JSON.stringify(value));
  } catch {
    // Full, or not allowed: the reload will begin anew.
  }
}

/** @param {string} key @returns {any} what this window remembers, or null */
export function recall(key) {
  try {
    return JSON.parse(globalThis.sessionStorage?.getItem(WINDOW_KEY + key) ?? "null");
  } catch {
    return null;
  }
}

/** Forget who was here: token, drafts, what was typed. Other windows of the same person lose it too. */
export async function wipe() {
  for (const storage of [localStorage, sessionStorage]) {
    for (const key of Object.keys(storage)) if (key.startsWith(WINDOW_KEY) || key.startsWith(DRAFT_KEY)) storage.removeItem(key);
  }
  await within("readwrite", (store) => store.clear()).catch(() => null);
}
