/** One search over everything: places from the node, incidents and units and keywords from what the console holds. */
import { read } from "../commands.js";
import { html, live, nothing } from "../html.js";
import { t } from "../i18n.js";
import { keywordClass, statusName } from "../labels.js";
import { findKeywords, findUnits, folded, placeLine } from "../look.js";
import { moment } from "../time.js";
import { placeItem } from "./interview.js";

const PAUSE_MS = 80;

/** @typedef {{group: string, item: import("../picker.js").Item, go: () => void}} Hit */

export class Search {
  /** @param {import("../app.js").App} app */
  constructor(app) {
    this.app = app;
    this.isOpen = false;
    this.text = "";
    this.at = 0;
    /** @type {SearchAnswer} */
    this.answer = { places: [], incidents: [], units: [], keywords: [] };
    this.failed = "";
    this.timer = 0;
    /** @type {AbortController | null} */
    this.question = null;
    /** @type {Element | null} */
    this.before = null;
  }

  /** @param {string} [text] */
  show(text = "") {
    this.before = document.activeElement;
    this.isOpen = true;
    this.input(text);
    return this.app.goTo("search-field");
  }

  close() {
    this.isOpen = false;
    this.question?.abort();
    this.app.invalidate("bars");
    if (this.before instanceof HTMLElement && this.before.isConnected) this.before.focus();
    return true;
  }

  /** @param {string} text */
  input(text) {
    this.text = text;
    this.at = 0;
    clearTimeout(this.timer);
    this.question?.abort();
    if (text.trim()) this.timer = setTimeout(() => void this.ask(), PAUSE_MS);
    else this.answer = { places: [], incidents: [], units: [], keywords: [] };
    this.app.invalidate("bars");
  }

  async ask() {
    const question = new AbortController();
    this.question = question;
    try {
      const answer = await read(`/console/search?q=${encodeURIComponent(this.text)}`, { signal: question.signal });
      if (question.signal.aborted) return;
      this.answer = answer;
      this.failed = "";
    } catch (error) {
      if (question.signal.aborted) return;
      this.failed = error instanceof Error && error.message ? error.message : t("Die Suche antwortet nicht.");
    }
    this.app.invalidate("bars");
  }

  /** @returns {Hit[]} */
  hits() {
    const { app } = this;
    const text = this.text.trim();
    if (!text) return [];
    return [...this.incidentHits(text), ...this.unitHits(text), ...this.placeHits(), ...this.keywordHits(text)].map((hit) => ({
      ...hit,
      go: () => {
        this.close();
        hit.go();
        app.invalidateAll();
      },
    }));
  }

  /** @param {string} text @returns {Hit[]} */
  incidentHits(text) {
    const wanted = folded(text);
    const found = Object.values(this.app.state.incidents).filter(
      (incident) => incident.number.toLowerCase().includes(wanted) || folded(`${placeLine(incident)} ${incident.keyword ?? ""} ${incident.caller_number}`).includes(wanted),
    );
    const ids = new Set(found.map((incident) => incident.id));
    const older = this.answer.incidents.filter((incident) => !ids.has(incident.id));
    return [...found.slice(0, 6), ...older.slice(0, 4)].map((incident) => ({
      group: t("Einsätze"),
      item: {
        id: incident.id, title: `${incident.number} ${incident.place}`, sign: incident.keyword ?? "?",
        signClass: `keyword ${keywordClass(this.app.state.master.keywords[incident.keyword ?? ""]?.group ?? "")}`,
        meta: incident.state === "open" ? t("läuft") : moment(incident.opened_at), data: incident,
      },
      go: () => this.app.acts.openIncident(incident.id),
    }));
  }

  /** @param {string} text @returns {Hit[]} */
  unitHits(text) {
    return findUnits(this.app.state, text, this.app.me.centre).slice(0, 6).map((unit) => {
      const now = this.app.state.units[unit.id];
      return {
        group: t("Einsatzmittel"),
        item: {
          id: unit.id, title: `${unit.name} · ${unit.type}`, sign: String(now?.status ?? "?"), signClass: `st s${now?.status ?? 6}`,
          meta: statusName(now?.status ?? 6), example: unit.example, data: unit,
        },
        go: () => this.app.acts.showUnitOnMap(unit.id),
      };
    });
  }

  /** @returns {Hit[]} */
  placeHits() {
    return this.answer.places.map((place) => ({
      group: t("Orte"),
      item: placeItem(this.app, place),
      go: () => this.goToPlace(place),
    }));
  }

  /** @param {PlaceHit} place */
  goToPlace(place) {
    const { intake, selection } = this.app;
    if (intake.draft && !intake.draft.hit) intake.setPlace(place);
    selection.choose({ look: { lon: place.lon, lat: place.lat } });
  }

  /** @param {string} text @returns {Hit[]} */
  keywordHits(text) {
    return findKeywords(this.app.state, text).slice(0, 4).map((row) => ({
      group: t("Stichwörter"),
      item: { id: row.id, title: row.name, sign: row.id, signClass: `keyword ${keywordClass(row.group)}`, meta: row.hint, example: row.example, data: row },
      go: () => {
        if (!this.app.intake.draft) this.app.acts.newIncident();
        this.app.intake.setKeyword(row);
      },
    }));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const hits = this.hits();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.at = Math.max(0, Math.min(hits.length - 1, this.at + (event.key === "ArrowDown" ? 1 : -1)));
      this.app.invalidate("bars");
    } else if (event.key === "Enter") {
      event.preventDefault();
      hits[this.at]?.go();
    }
  }

  view() {
    if (!this.isOpen) return nothing;
    const hits = this.hits();
    let group = "";
    return html`<div class="veil" @mousedown=${(/** @type {MouseEvent} */ event) => event.target === event.currentTarget && this.close()}>
      <div class="finder" role="dialog" aria-modal="true" aria-label=${t("Suche")}>
        <input
          id="search-field"
          class="text"
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls="search-hits"
          aria-activedescendant=${hits[this.at] ? `hit-${this.at}` : nothing}
          autocomplete="off"
          spellcheck="false"
          aria-label=${t("Suche")}
          placeholder=${t("Ort, Straße, Einsatznummer, Rufnummer, Einsatzmittel, Stichwort …")}
          .value=${live(this.text)}
          @input=${(/** @type {InputEvent} */ event) => this.input(/** @type {HTMLInputElement} */ (event.target).value)}
          @keydown=${(/** @type {KeyboardEvent} */ event) => this.key(event)}
        />
        <ul class="hits" id="search-hits" role="listbox" aria-label=${t("Treffer")}>
          ${hits.map((hit, index) => {
            const head = hit.group === group ? nothing : html`<li class="group" role="presentation">${hit.group}</li>`;
            group = hit.group;
            return html`${head}
              <li id="hit-${index}" role="option" aria-selected=${index === this.at} @mousedown=${(/** @type {MouseEvent} */ event) => {
                event.preventDefault();
                hit.go();
              }}>
                <span class="sign ${hit.item.signClass ?? ""}">${hit.item.sign ?? ""}</span>
                <span class="title">${hit.item.title}</span>
                ${hit.item.example ? html`<span class="example">${t("Beispiel")}</span>` : nothing}
                <span class="meta">${hit.item.meta ?? ""}</span>
              </li>`;
          })}
        </ul>
        ${hits.length
          ? nothing
          : html`<p class="empty">${this.failed || (this.text.trim() ? t("Nichts gefunden. Andere Schreibweise, Nachbarort oder Koordinate versuchen.") : t("Tippen Sie, was Sie suchen. Enter öffnet, Esc schließt."))}</p>`}
      </div>
    </div>`;
  }
}
