/** Dark or light: as the machine wishes, or as chosen at this machine. */

const KEY = "leitstelle.theme";

/** @typedef {"auto" | "dark" | "light"} Theme */

/** @returns {Theme} */
export function chosenTheme() {
  const stored = localStorage.getItem(KEY);
  return stored === "dark" || stored === "light" ? stored : "auto";
}

/** @returns {boolean} whether the screen is dark now */
export function isDark() {
  const chosen = chosenTheme();
  return chosen === "auto" ? !matchMedia("(prefers-color-scheme: light)").matches : chosen === "dark";
}

/** @param {Theme} [theme] */
export function applyTheme(theme) {
  if (theme) localStorage.setItem(KEY, theme);
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
  dispatchEvent(new Event("themechange"));
}

matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => applyTheme());
