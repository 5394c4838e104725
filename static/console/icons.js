/** Small drawings in place of characters that a machine's fonts may lack. */
import { svg, html } from "./html.js";

/** @param {unknown} inner */
function icon(inner) {
  return html`<svg class="drawn" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round">${inner}</svg>`;
}

export const ICONS = {
  window: () => icon(svg`<rect x="2" y="5" width="9" height="9" rx="1"/><path d="M6 5V2h8v8h-3"/>`),
  search: () => icon(svg`<circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 4 4"/>`),
  sound: () => icon(svg`<path d="M2 6v4h3l4 3V3L5 6z"/><path d="M11.5 5.5a3.5 3.5 0 0 1 0 5"/>`),
  mute: () => icon(svg`<path d="M2 6v4h3l4 3V3L5 6z"/><path d="m11.5 6 3.5 4m0-4-3.5 4"/>`),
  dark: () => icon(svg`<path d="M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5z"/>`),
  light: () => icon(svg`<circle cx="8" cy="8" r="3"/><path d="M8 1v2m0 10v2M1 8h2m10 0h2M3 3l1.4 1.4m7.2 7.2L13 13m0-10-1.4 1.4M4.4 11.6 3 13"/>`),
  leave: () => icon(svg`<path d="M8 2v6"/><path d="M4.5 4.5a5 5 0 1 0 7 0"/>`),
  exchange: () => icon(svg`<path d="M2 5h11l-3-3M14 11H3l3 3"/>`),
};
