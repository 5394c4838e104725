/** Words on the screen. The German sentence is the key; English is looked up. */
import { ENGLISH } from "./en.js";

// The server's own cookie (LANGUAGE_COOKIE_NAME): what it refuses and what this page shows are in one language.
const COOKIE = "django_language";
const YEAR_SECONDS = 365 * 24 * 3600;

/** @returns {"de" | "en"} */
function chosenLanguage() {
  const cookies = globalThis.document?.cookie.split("; ") ?? [];
  return cookies.includes(`${COOKIE}=en`) ? "en" : "de";
}

/** @type {"de" | "en"} */
let language = chosenLanguage();

/** @returns {"de" | "en"} */
export function currentLanguage() {
  return language;
}

/** @param {"de" | "en"} chosen */
export function setLanguage(chosen) {
  language = chosen;
  if (!globalThis.document) return;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${COOKIE}=${chosen}; path=/; max-age=${YEAR_SECONDS}; samesite=lax${secure}`;
  document.documentElement.lang = chosen;
}

/**
 * @param {string} german with {name} where a value goes
 * @param {Record<string, string | number>} [values]
 */
export function t(german, values) {
  const text = language === "en" ? (ENGLISH[german] ?? german) : german;
  return values ? text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole)) : text;
}
