/** Words on the screen. The German sentence is the key; English is looked up. */
import { ENGLISH } from "./en.js";

const KEY = "leitstelle.language";

/** @type {"de" | "en"} */
let language = globalThis.localStorage?.getItem(KEY) === "en" ? "en" : "de";

/** @returns {"de" | "en"} */
export function currentLanguage() {
  return language;
}

/** @param {"de" | "en"} chosen */
export function setLanguage(chosen) {
  language = chosen;
  globalThis.localStorage?.setItem(KEY, chosen);
  if (globalThis.document) document.documentElement.lang = chosen;
}

/**
 * @param {string} german with {name} where a value goes
 * @param {Record<string, string | number>} [values]
 */
export function t(german, values) {
  const text = language === "en" ? (ENGLISH[german] ?? german) : german;
  return values ? text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole)) : text;
}
