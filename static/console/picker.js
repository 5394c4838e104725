/** A field that finds: text in, a list below it, arrows and Enter to take one. Asks the latest question only. */
import { html, live, nothing } from "./html.js";
import { t } from "./i18n.js";

/** @typedef {{id: string, title: string, meta?: string, sign?: string, signClass?: string, example?: boolean, data: any}} Item */

export class Picker {
  /**
   * @param {{id: string, label: () => string, placeholder?: () => string, source: (text: string, signal: AbortSignal) => Promise<Item[]> | Item[],
   *   choose: (item: Item, event: Event) => void, changed: () => void, typed?: (text: string) => void, wait?: number, field?: string,
   *   empty?: (text: string) => void}} options
   */
  constructor(options) {
    this.options = options;
    this.text = "";
    /** @type {Item[]} */
    this.items = [];
    this.at = 0;
    this.open = false;
    this.asked = false;
    this.failed = "";
    this.timer = 0;
    /** @type {AbortController | null} */
    this.question = null;
    /** Enter was pressed before the answer came: take the first of what comes. */
    this.takeFirst = false;
  }

  /** @param {string} text */
  set(text) {
    this.text = text;
    this.close();
  }

  close() {
    this.open = false;
    this.items = [];
    this.at = 0;
    this.takeFirst = false;
    this.question?.abort();
    clearTimeout(this.timer);
    this.options.changed();
  }

  /** @param {string} text */
  input(text) {
    this.text = text;
    this.options.typed?.(text);
    clearTimeout(this.timer);
    this.question?.abort();
    this.asked = true;
    this.timer = setTimeout(() => void this.ask(), this.options.wait ?? 0);
  }

  async ask() {
    const question = new AbortController();
    this.question = question;
    this.failed = "";
    try {
      const items = await this.options.source(this.text, question.signal);
      if (question.signal.aborted) return;
      this.items = items;
      this.at = 0;
      this.open = true;
      this.asked = false;
      if (this.takeFirst && items[0]) {
        this.take(items[0], new Event("enter"));
        return;
      }
      this.takeFirst = false;
    } catch (error) {
      if (question.signal.aborted) return;
      this.items = [];
      this.open = true;
      this.asked = false;
      this.failed = error instanceof Error && error.message ? error.message : t("Die Suche antwortet nicht.");
    }
    this.options.changed();
  }

  /** @param {Item} item @param {Event} event */
  take(item, event) {
    this.close();
    this.options.choose(item, event);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const item = this.items[this.at];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!this.open) {
        this.input(this.text);
        return;
      }
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.at = Math.max(0, Math.min(this.items.length - 1, this.at + step));
      this.options.changed();
    } else if (event.key === "Enter" && !event.ctrlKey) {
      event.preventDefault();
      if (this.open && item && !this.asked) this.take(item, event);
      else if (this.asked) this.takeFirst = true;
      else this.options.empty?.(this.text);
    } else if (event.key === "Escape" && this.open) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    } else if (event.key === "Tab" && this.open && item && !this.asked && !event.shiftKey) {
      this.take(item, event);
    }
  }

  view() {
    const { id, label, placeholder, field } = this.options;
    return html`<div class="picker">
      <input
        id=${id}
        class="text"
        type="text"
        role="combobox"
        autocomplete="off"
        spellcheck="false"
        aria-label=${label()}
        aria-expanded=${this.open}
        aria-controls="${id}-list"
        aria-autocomplete="list"
        aria-activedescendant=${this.open && this.items[this.at] ? `${id}-${this.at}` : nothing}
        data-field=${field ?? nothing}
        placeholder=${placeholder?.() ?? ""}
        .value=${live(this.text)}
        @input=${(/** @type {InputEvent} */ event) => this.input(/** @type {HTMLInputElement} */ (event.target).value)}
        @keydown=${(/** @type {KeyboardEvent} */ event) => this.key(event)}
        @blur=${() => setTimeout(() => this.open && this.close(), 150)}
      />
      ${this.open ? this.list() : nothing}
    </div>`;
  }

  list() {
    const { id } = this.options;
    if (!this.items.length) {
      return html`<div class="choices none" id="${id}-list">
        ${this.failed || (this.text.trim() ? t("Nichts gefunden. Andere Schreibweise, Nachbarort oder Koordinate versuchen.") : t("Weiter tippen …"))}
      </div>`;
    }
    return html`<ul class="choices" id="${id}-list" role="listbox">
      ${this.items.map(
        (item, index) => html`<li
          id="${id}-${index}"
          role="option"
          aria-selected=${index === this.at}
          @mousedown=${(/** @type {MouseEvent} */ event) => {
            event.preventDefault();
            this.take(item, event);
          }}
        >
          <span class="sign ${item.signClass ?? ""}">${item.sign ?? ""}</span>
          <span class="title">${item.title}</span>
          ${item.example ? html`<span class="example">${t("Beispiel")}</span>` : nothing}
          <span class="meta">${item.meta ?? ""}</span>
        </li>`,
      )}
    </ul>`;
  }
}
