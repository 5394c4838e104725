/** Short forms for acts that need a word more: one dialog at a time, caret in its first field, Esc leaves it. */
import { html, nothing, render } from "./html.js";
import { t } from "./i18n.js";
import { nodes } from "./nodes.js";
import { help } from "./panels/help.js";
import * as network from "./panels/network.js";

/**
 * @typedef {{name: string, label: string, kind: "text" | "words" | "choice" | "checks" | "number" | "moment",
 *   options?: {value: string, text: string, hint?: string}[], value?: string | string[], required?: boolean, hint?: string}} Field
 * @typedef {{title: string, lead?: string, warning?: string, fields: Field[], submit: string, danger?: boolean,
 *   run: (values: Record<string, any>) => Promise<Answer | boolean>}} Form
 */

export class Dialogs {
  /** @param {import("./app.js").App} app */
  constructor(app) {
    this.app = app;
    this.element = document.createElement("dialog");
    this.element.className = "dialog";
    /** @type {Form | null} */
    this.form = null;
    /** @type {"form" | "help" | "network" | "seat" | null} */
    this.kind = null;
    this.refused = "";
    this.busy = false;
    /** @type {Element | null} */
    this.before = null;
    this.element.addEventListener("close", () => this.closed());
    this.element.addEventListener("cancel", (event) => this.kind === "seat" && event.preventDefault());
    this.element.addEventListener("mousedown", (event) => event.target === this.element && this.kind !== "seat" && this.close());
  }

  /** @param {HTMLElement} root */
  mount(root) {
    root.append(this.element);
  }

  get isOpen() {
    return this.element.open;
  }

  /** @param {Form} form */
  ask(form) {
    this.form = form;
    this.show("form");
    // Beside lit's own drawing, so that the fields of the last form do not linger with their values.
    const first = this.element.querySelector("input:not([type=hidden]), textarea, select");
    if (first instanceof HTMLElement) first.focus();
    return true;
  }

  /** @param {"form" | "help" | "network" | "seat"} kind */
  show(kind) {
    if (!this.element.open) this.before = document.activeElement;
    this.kind = kind;
    this.refused = "";
    this.busy = false;
    render(nothing, this.element);
    this.draw();
    if (!this.element.open) this.element.showModal();
    return true;
  }

  tellSeatLost() {
    this.show("seat");
  }

  close() {
    if (this.element.open) this.element.close();
  }

  closed() {
    this.kind = null;
    this.form = null;
    if (this.before instanceof HTMLElement && this.before.isConnected) this.before.focus();
    this.before = null;
  }

  draw() {
    if (this.kind === "form" && this.form) render(this.formView(this.form), this.element);
    else if (this.kind === "help") render(help(this.app), this.element);
    else if (this.kind === "network") render(network.view(this.app), this.element);
    else if (this.kind === "seat") render(seatLost(), this.element);
  }

  /** @param {Form} form */
  formView(form) {
    return html`<form class="form" @keydown=${submitByEnter} @submit=${(/** @type {SubmitEvent} */ event) => void this.submit(event, form)}>
      <h2>${form.title}</h2>
      ${form.lead ? html`<p class="lead">${form.lead}</p>` : nothing}
      ${form.warning ? html`<p class="warning">${form.warning}</p>` : nothing}
      ${form.fields.map((field) => fieldView(field))}
      ${this.refused ? html`<p class="refused" role="alert">${this.refused}</p>` : nothing}
      <div class="buttons">
        <button type="button" class="button" @click=${() => this.close()}>${t("Abbrechen")} <kbd>Esc</kbd></button>
        <button type="submit" class="button ${form.danger ? "danger" : "primary"}" ?disabled=${this.busy}>
          ${this.busy ? t("läuft …") : form.submit} <kbd>↵</kbd>
        </button>
      </div>
    </form>`;
  }

  /** @param {SubmitEvent} event @param {Form} form */
  async submit(event, form) {
    event.preventDefault();
    if (this.busy) return;
    const data = new FormData(/** @type {HTMLFormElement} */ (event.target));
    /** @type {Record<string, any>} */
    const values = {};
    for (const field of form.fields) values[field.name] = field.kind === "checks" ? data.getAll(field.name) : String(data.get(field.name) ?? "");
    this.busy = true;
    this.draw();
    const answer = await form.run(values);
    this.busy = false;
    if (this.form !== form) return;
    if (answer === true || (answer !== false && answer.ok)) this.close();
    else {
      this.refused = (answer !== false && answer.reason) || t("Das geht so nicht.");
      this.draw();
    }
  }
}

/** @param {Field} field */
function fieldView(field) {
  const id = `field-${field.name}`;
  const hint = field.hint ? html`<span class="hint">${field.hint}</span>` : nothing;
  if (field.kind === "checks") {
    const chosen = new Set(field.value ?? []);
    return html`<fieldset class="checks">
      <legend>${field.label}</legend>
      ${(field.options ?? []).map(
        (option) => html`<label>
          <input type="checkbox" name=${field.name} value=${option.value} ?checked=${chosen.has(option.value)} />
          <span>${option.text}</span><span class="hint">${option.hint ?? ""}</span>
        </label>`,
      )}
      ${hint}
    </fieldset>`;
  }
  return html`<div class="field"><label for=${id}>${field.label}</label>${control(field, id)}${hint}</div>`;
}

/** @param {Field} field @param {string} id */
function control(field, id) {
  const value = typeof field.value === "string" ? field.value : "";
  if (field.kind === "words") {
    return html`<textarea id=${id} name=${field.name} rows="3" ?required=${field.required} .value=${value}></textarea>`;
  }
  if (field.kind === "choice") {
    return html`<select id=${id} name=${field.name} ?required=${field.required}>
      ${(field.options ?? []).map(
        (option) => html`<option value=${option.value} ?selected=${option.value === value}>${option.text}</option>`,
      )}
    </select>`;
  }
  const type = field.kind === "moment" ? "datetime-local" : field.kind === "number" ? "number" : "text";
  return html`<input id=${id} class="text" name=${field.name} type=${type} ?required=${field.required} autocomplete="off" .value=${value} />`;
}

/** Enter sends from every field, also from a list of choices; in a longer text it is Ctrl and Enter. @param {KeyboardEvent} event */
function submitByEnter(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.key !== "Enter" || target instanceof HTMLButtonElement) return;
  if (target instanceof HTMLTextAreaElement && !event.ctrlKey) return;
  event.preventDefault();
  target.closest("form")?.requestSubmit();
}

function seatLost() {
  return html`<div class="form">
    <h2>${t("Sie sind nicht mehr angemeldet")}</h2>
    <p class="lead">
      ${t("Die Anmeldung an diesem Platz ist abgelaufen, oder jemand hat den Platz übernommen. Entwürfe auf diesem Rechner bleiben erhalten.")}
    </p>
    ${nodes.homeGone ? html`<p class="warning">${t("{home} antwortet nicht. Die Anmeldung geht bei {node}.", { home: nodes.own.name, node: nodes.others(nodes.home)[0]?.name ?? "–" })}</p>` : nothing}
    <div class="buttons"><a class="button primary" href=${nodes.signIn}>${t("Neu anmelden")}</a></div>
  </div>`;
}
