/** The interview: where first, then what; words are stored as they are typed, units can go while the caller talks. */
import { read } from "../commands.js";
import { hospitals } from "../forms.js";
import { html, live, nothing } from "../html.js";
import { t } from "../i18n.js";
import { callState, keywordClass, placeKind } from "../labels.js";
import { findKeywords } from "../look.js";
import { missing } from "../intake.js";
import { Picker } from "../picker.js";
import { clock, distance, duration, secondsSince } from "../time.js";
import { tree } from "./tree.js";

/** @type {{key: string, place: Picker, keyword: Picker} | null} */
let fields = null;

/** @param {import("../app.js").App} app @param {import("../intake.js").Draft} draft */
export function view(app, draft) {
  if (fields?.key !== draft.key) fields = makeFields(app, draft);
  const call = draft.call ? app.state.calls[draft.call] : undefined;
  const incident = app.state.incidents[draft.incident ?? ""];
  const place = app.state.master.counties[draft.hit?.county ?? ""];
  return html`<h2 class="head">
      ${call ? nothing : html`<span>${incident ? t("Abfrage zu {number}", { number: incident.number }) : t("Neuer Einsatz")} <kbd>D</kbd></span>`}
      ${call ? callBar(app, call) : html`<span class="count">${t("ohne Anruf")}</span><span class="space"></span>`}
      <button class="chip" title=${incident ? t("zum Einsatz") : t("zurückstellen")} @click=${() => app.intake.leave()}>
        ${incident ? incident.number : "×"} <kbd>Esc</kbd>
      </button>
    </h2>
    <div class="body interview">
      <label class="name" for="wo">${t("Wo")}</label>
      <div class="value wo">
        <div class="spot">${fields.place.view()} ${input(app, draft, "place_detail", t("Nr., Etage, Zugang"))}</div>
        <p class="where ${draft.hit ? "" : "open"}">
          ${draft.hit
            ? html`<b>${place?.name ?? draft.hit.county_name ?? t("Kreis wird bestimmt")}</b>
                ${centreOf(app, draft.hit)}
                <span class="coordinates">${draft.hit.lat.toFixed(5)} ${draft.hit.lon.toFixed(5)}</span>
                ${draft.hit.example ? html`<span class="example">${t("Beispiel")}</span>` : nothing}`
            : t("Ort, Straße, Objekt, Koordinate oder „A4 km 172,5“; auch ein Klick in die Karte setzt ihn.")}
        </p>
      </div>
      <label class="name" for="was">${t("Was")}</label>
      <div class="value was">
        ${fields.keyword.view()}
        <span class="priority" role="radiogroup" aria-label=${t("Priorität")}>
          ${[1, 2, 3, 4, 5].map(
            (priority) => html`<button
              role="radio"
              aria-checked=${draft.priority === priority}
              title=${t("Priorität {n}", { n: priority })}
              tabindex=${draft.priority === priority || (!draft.priority && priority === 3) ? 0 : -1}
              @click=${() => app.intake.change({ priority })}
            >${priority}</button>`,
          )}
        </span>
      </div>
      <label class="name" for="report">${t("Meldung")}</label>
      <div class="value">
        <textarea
          id="report"
          rows="2"
          data-field="report"
          placeholder=${t("Was ist passiert, wie viele, welche Verletzungen, Gefahren")}
          .value=${live(draft.report)}
          @input=${(/** @type {InputEvent} */ event) => app.intake.change({ report: /** @type {HTMLTextAreaElement} */ (event.target).value })}
        ></textarea>
        ${savedMark(app, draft)}
      </div>
      <label class="name" for="caller_name">${t("Anrufer")}</label>
      <div class="value pair">${input(app, draft, "caller_name", t("Name"))} ${input(app, draft, "caller_number", t("Rufnummer"))}</div>
      ${transport(app, draft)} ${tree(app, draft)}
    </div>
    ${offers(app, draft)} ${actions(app, draft, Boolean(incident))}`;
}

/** @param {import("../app.js").App} app @param {CallView} call */
function callBar(app, call) {
  const since = call.state === "answered" ? call.answered_at : call.state === "held" ? call.held_at : call.rang_at;
  const mine = call.seat === app.me.seat;
  const talking = mine && (call.state === "answered" || call.state === "held");
  return html`<span class="talk ${call.state}" title=${callState(call.state)}>
      <b>${call.line}</b> <time>${duration(secondsSince(since))}</time> ${call.number || t("ohne Nummer")}
      ${call.state === "answered" && mine ? nothing : html` · ${callState(call.state)}${mine ? "" : ` ${call.user} ${call.seat}`}`}
    </span>
    <span class="space"></span>
    ${talking
      ? html`<button class="chip" @click=${() => app.acts.holdRow(call.id)}>${call.state === "held" ? t("aufnehmen") : t("halten")} <kbd>F3</kbd></button>
          <button class="chip" @click=${() => app.acts.handRow(call.id)}>${t("übergeben")}</button>
          <button class="chip" @click=${() => app.acts.endRow(call.id)}>${t("beenden")} <kbd>F4</kbd></button>`
      : call.state === "ringing"
        ? html`<button class="chip loud" @click=${() => app.acts.openCall(call.id)}>${t("annehmen")} <kbd>F2</kbd></button>`
        : nothing}`;
}

/** A transport has a time and a destination. @param {import("../app.js").App} app @param {import("../intake.js").Draft} draft */
function transport(app, draft) {
  if (draft.incident || app.state.master.keywords[draft.keyword ?? ""]?.group !== "KTP") return nothing;
  const take = (/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.target).value;
  return html`<label class="name" for="appointment_at">${t("Termin")}</label>
    <div class="value pair">
      <input id="appointment_at" class="text" type="datetime-local" .value=${live(draft.appointment_at)} @change=${(/** @type {Event} */ event) => app.intake.change({ appointment_at: take(event) })} />
      <select aria-label=${t("Zielklinik")} @change=${(/** @type {Event} */ event) => app.intake.change({ hospital: take(event) })}>
        <option value="">${t("Ziel")} …</option>
        ${hospitals(app).map((row) => html`<option value=${row.value} ?selected=${row.value === draft.hospital}>${row.text}</option>`)}
      </select>
    </div>`;
}

/** @param {import("../app.js").App} app @param {PlaceHit} hit */
function centreOf(app, hit) {
  const county = app.state.master.counties[hit.county ?? ""];
  if (!county) return nothing;
  const centre = app.state.master.centres[county.centre ?? ""];
  if (!centre) return html`· <span class="warn">${t("keine Leitstelle im Verbund")}</span>`;
  const other = centre.id !== app.me.centre;
  return html`· <span class=${other ? "warn" : ""}>${centre.name}</span>`;
}

/**
 * @param {import("../app.js").App} app @param {import("../intake.js").Draft} draft
 * @param {"place_detail" | "caller_name" | "caller_number"} name @param {string} placeholder
 */
function input(app, draft, name, placeholder) {
  return html`<input
    id=${name}
    class="text"
    type="text"
    autocomplete="off"
    data-field=${name}
    aria-label=${placeholder}
    placeholder=${placeholder}
    .value=${live(draft[name])}
    @input=${(/** @type {InputEvent} */ event) => app.intake.change({ [name]: /** @type {HTMLInputElement} */ (event.target).value })}
  />`;
}

/** @param {import("../app.js").App} app @param {import("../intake.js").Draft} draft */
function savedMark(app, draft) {
  const outcome = app.commands.outcome(`note:${draft.key}`) ?? app.commands.outcome(`edit:${draft.key}`);
  const at = app.intake.savedAt.get(draft.key);
  if (outcome?.state === "refused") return html`<span class="saved refused">${outcome.reason}</span>`;
  if (outcome?.state === "waiting") return html`<span class="saved pending">${outcome.reason}</span>`;
  if (outcome?.state === "pending") return html`<span class="saved">${t("speichert …")}</span>`;
  return at ? html`<span class="saved">${t("gespeichert {at}", { at: clock(at) })}</span>` : nothing;
}

/** @param {import("../app.js").App} app @param {import("../intake.js").Draft} draft */
function offers(app, draft) {
  const { incidents, calls } = app.intake.offers;
  if (draft.incident || (!incidents.length && !calls.length)) return nothing;
  return html`<div class="offers" role="region" aria-label=${t("Vielleicht schon bekannt")}>
    ${incidents.slice(0, 3).map(
      (offer, index) => html`<button class="offered" @click=${() => void app.intake.attach(offer.id)}>
        <kbd>Alt ${index + 1}</kbd>
        <b class="keyword ${keywordClass(app.state.incidents[offer.id]?.group ?? "")}">${offer.keyword ?? "?"}</b>
        <span title=${offer.number}>${offer.place || offer.number}</span>
        <small>${[sameAs(offer.why), distance(offer.distance_m), t("vor {age}", { age: duration(secondsSince(offer.opened_at)) })].filter(Boolean).join(" · ")}</small>
        <i>${t("zuordnen")}</i>
      </button>`,
    )}
    ${calls.length
      ? html`<p class="earlier" title=${calls.map((call) => call.note).filter(Boolean).join(" | ")}>
          ${t("Dieselbe Nummer rief an:")} ${calls.slice(0, 3).map((call) => t("vor {age}", { age: duration(secondsSince(call.rang_at)) })).join(", ")}${calls[0]?.note ? ` – ${calls[0].note}` : ""}
        </p>`
      : nothing}
  </div>`;
}

/** @param {string} why @returns {string} */
function sameAs(why) {
  return { place: t("in der Nähe"), number: t("gleiche Nummer"), both: t("Nähe und Nummer") }[why] ?? "";
}

/** @param {import("../app.js").App} app @param {import("../intake.js").Draft} draft @param {boolean} opened */
function actions(app, draft, opened) {
  const lacks = missing(draft);
  const outcome = app.commands.outcome(`open:${draft.key}`);
  const pending = outcome?.state === "pending" || outcome?.state === "waiting";
  return html`<footer class="go">
    ${opened
      ? html`<span class="done">${t("Eröffnet. Was Sie hier ändern, wird im Einsatz gespeichert.")}</span>`
      : html`<button class="button primary" ?disabled=${Boolean(lacks) || pending} title=${lacks} @click=${() => void app.intake.open()}>
            ${pending ? t("wird eröffnet …") : t("Einsatz eröffnen")} <kbd>${t("Strg")} ↵</kbd>
          </button>
          <label class="check"><input type="checkbox" .checked=${live(draft.exercise)} @change=${() => app.intake.change({ exercise: !draft.exercise })} /> ${t("Übung")}</label>
          ${draft.call ? nothing : html`<button class="chip" @click=${() => discard(app, draft)}>${t("verwerfen")}</button>`}
          ${lacks ? html`<span class="sum">${lacks}</span>` : nothing}`}
  </footer>`;
}

/** @param {import("../app.js").App} app @param {import("../intake.js").Draft} draft */
function discard(app, draft) {
  app.intake.drop(draft.key);
  app.selection.choose({ draft: null });
}

/** @param {import("../app.js").App} app @param {import("../intake.js").Draft} draft */
function makeFields(app, draft) {
  const changed = () => app.invalidate("work");
  const place = new Picker({
    id: "wo", field: "place", wait: 90, changed,
    label: () => t("Wo"),
    placeholder: () => t("Wo ist der Notfallort?"),
    source: (typed, signal) => findPlaces(app, typed, signal),
    typed: (typed) => app.intake.change({ place: typed, hit: null }),
    choose: (item) => {
      app.intake.setPlace(item.data);
      place.set(app.intake.draft?.place ?? item.title);
      app.goTo("was");
    },
  });
  const keyword = new Picker({
    id: "was", field: "keyword", changed,
    label: () => t("Was"),
    placeholder: () => t("Stichwort: Code oder Wort, z. B. Brust, Brand, VU"),
    source: (typed) => (typed.trim() ? findKeywords(app.state, typed).slice(0, 9).map((row) => keywordItem(row)) : []),
    typed: (typed) => !typed && app.intake.change({ keyword: null }),
    choose: (item) => {
      app.intake.setKeyword(item.data);
      keyword.set(`${item.data.id} ${item.data.name}`);
      app.goTo("report");
    },
  });
  place.text = draft.place;
  const known = app.state.master.keywords[draft.keyword ?? ""];
  keyword.text = known ? `${known.id} ${known.name}` : "";
  return { key: draft.key, place, keyword };
}

/** The tree chose a keyword: the field shows it. @param {KeywordRow} row */
export function showKeyword(row) {
  fields?.keyword.set(`${row.id} ${row.name}`);
}

/** The map set the spot: the field shows what it is called. @param {string} text */
export function showPlace(text) {
  fields?.place.set(text);
}

/** @param {KeywordRow} row @returns {import("../picker.js").Item} */
function keywordItem(row) {
  return {
    id: row.id, title: row.name, sign: row.id, signClass: `keyword ${keywordClass(row.group)}`, example: row.example,
    meta: t("Prio {n}", { n: row.priority }), data: row,
  };
}

/** @param {import("../app.js").App} app @param {string} typed @param {AbortSignal} signal */
async function findPlaces(app, typed, signal) {
  if (!typed.trim()) return [];
  const query = new URLSearchParams({ q: typed });
  const call = app.intake.call;
  if (call?.lon != null && call.lat != null) {
    query.set("lon", String(call.lon));
    query.set("lat", String(call.lat));
  }
  const answer = /** @type {SearchAnswer} */ (await read(`/console/search?${query}`, { signal }));
  return answer.places.map((hit) => placeItem(app, hit));
}

/** @param {import("../app.js").App} app @param {PlaceHit} hit @returns {import("../picker.js").Item} */
export function placeItem(app, hit) {
  const county = app.state.master.counties[hit.county ?? ""]?.name ?? hit.county_name ?? "";
  const town = hit.municipality && !hit.name.includes(hit.municipality) ? hit.municipality : "";
  const where = [...new Set([town, county])].filter(Boolean).join(", ");
  return { id: hit.id || hit.name, title: hit.name, meta: where, sign: placeKind(hit.kind), signClass: "kind", example: hit.example, data: hit };
}
