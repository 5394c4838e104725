/** Who answers for which centre: asking, agreeing, taking over a silent one, giving back piece by piece. */
import { html, nothing } from "../html.js";
import { t } from "../i18n.js";
import { placeLine } from "../look.js";
import { clock, secondsSince } from "../time.js";

/** @param {import("../app.js").App} app */
export function mandates(app) {
  const { me, store } = app;
  const others = store.links.flatMap((line) => line.centres.filter((centre) => centre !== me.centre).map((centre) => ({ centre, line })));
  if (!others.length) return nothing;
  return html`<section class="mandates">
    <h3>${t("Wer für wen antwortet")}</h3>
    ${others.map(({ centre, line }) => foreign(app, centre, line))}
    ${own(app, others.map((other) => other.centre))}
  </section>`;
}

/** @param {import("../app.js").App} app @param {string} centre @param {LinkView} line */
function foreign(app, centre, line) {
  const { state, me, network } = app;
  const counties = Object.values(state.master.counties).filter((county) => county.centre === centre);
  const scope = network.scopes[centre] ?? `centre:${centre}`;
  const mandate = state.mandates[scope];
  const agreement = Object.values(state.agreements).find((one) => one.centre === centre && one.partner === me.centre);
  return html`<article class="mandate">
    <header>
      <strong>${network.centreName(centre)}</strong>
      <label>${t("Umfang")}
        <select @change=${(/** @type {Event} */ event) => choose(app, centre, event)}>
          <option value=${`centre:${centre}`} ?selected=${scope === `centre:${centre}`}>${t("ganze Leitstelle")}</option>
          ${counties.map((county) => html`<option value=${`county:${county.id}`} ?selected=${scope === `county:${county.id}`}>${county.name}</option>`)}
        </select>
      </label>
    </header>
    ${agreement ? html`<p class="lead">${terms(agreement)}</p>` : html`<p class="lead">${t("Keine Vereinbarung: hier kann nur auf Bitte übernommen werden.")}</p>`}
    ${holder(app, scope, centre, mandate, line)}
    <div class="buttons">${acts(app, scope, centre, line, mandate, agreement)}</div>
    ${refusal(app, scope)}
  </article>`;
}

/** @param {import("../app.js").App} app @param {string[]} partners */
function own(app, partners) {
  const { state, me, network } = app;
  const scope = `centre:${me.centre}`;
  const mandate = state.mandates[scope];
  const { incidents, calls } = network.pieces(me.centre);
  const piece = /** @param {Record<string, string>} data */ (data) => () => void network.act("switch_back.piece", data, `take:${scope}`);
  return html`<article class="mandate">
    <header><strong>${network.centreName(me.centre)} (${t("wir")})</strong></header>
    ${holder(app, scope, me.centre, mandate)}
    <div class="buttons">
      ${!mandate ? partners.map((partner) => html`<button class="button" @click=${() => void network.act("take_over.request", { scope, partner, reason: "" }, `take:${scope}`)}>${t("{centre} bitten, uns zu übernehmen", { centre: network.centreName(partner) })}</button>`) : nothing}
      ${mandate?.state === "requested" ? requested(app, scope, mandate) : nothing}
      ${mandate?.state === "held" ? html`<button class="button primary" @click=${() => void network.act("switch_back.start", { scope }, `take:${scope}`)}>${t("Rückgabe beginnen")}</button>` : nothing}
      ${mandate?.state === "returning" ? html`<button class="button primary" @click=${() => void network.act("switch_back.all", { scope }, `take:${scope}`)}>${t("Alle quittieren")}</button>
        <button class="button" @click=${() => void network.act("switch_back.finish", { scope }, `take:${scope}`)}>${t("Rückgabe abschließen")}</button>` : nothing}
      ${mandate ? report(app, scope) : nothing}
    </div>
    ${mandate?.state === "returning" ? html`<ul class="pieces">
      ${incidents.map((one) => html`<li>${one.number} ${one.keyword ?? ""} ${placeLine(one)} <button class="button" @click=${piece({ incident: one.id })}>${t("Quittieren")}</button></li>`)}
      ${calls.map((one) => html`<li>${t("Anruf")} ${one.number || one.line} <button class="button" @click=${piece({ call: one.id })}>${t("Quittieren")}</button></li>`)}
      ${incidents.length + calls.length ? nothing : html`<li>${t("Nichts mehr zu übergeben.")}</li>`}
    </ul>` : nothing}
    ${refusal(app, scope)}
  </article>`;
}

/** @param {import("../app.js").App} app @param {string} scope @param {string} centre @param {MandateView | undefined} mandate @param {LinkView} [line] */
function holder(app, scope, centre, mandate, line) {
  const { network } = app;
  if (!mandate && line && ["down", "never"].includes(line.state)) return html`<p class="warn">${t("{centre} antwortet nicht.", { centre: network.scopeName(scope) })}</p>`;
  if (!mandate) return html`<p>${t("{centre} antwortet selbst.", { centre: network.scopeName(scope) })}</p>`;
  const names = { holder: network.centreName(mandate.holder), centre: network.scopeName(scope), time: mandate.taken_at ? clock(mandate.taken_at) : "", who: mandate.signatures.map((one) => one.name).join(", ") };
  if (mandate.state === "requested") return html`<p class="warn">${t("{who} ({centre}) bittet: {holder} soll {scope} übernehmen.", { who: mandate.requested_by, centre: network.centreName(mandate.partner === mandate.holder ? centre : mandate.holder), holder: names.holder, scope: names.centre })} ${mandate.reason}</p>`;
  if (mandate.state === "returning") return html`<p class="warn">${t("{holder} gibt {centre} zurück. Neues geht schon wieder dorthin.", names)}</p>`;
  return html`<p class="warn">${t("{holder} antwortet seit {time} für {centre} ({who}).", names)} ${mandate.alone ? t("Ohne Zustimmung, weil keine Antwort kam.") : ""}</p>`;
}

/**
 * @param {import("../app.js").App} app @param {string} scope @param {string} centre @param {LinkView} line
 * @param {MandateView | undefined} mandate @param {AgreementView | undefined} agreement
 */
function acts(app, scope, centre, line, mandate, agreement) {
  const { network, me } = app;
  if (mandate?.state === "requested") return requested(app, scope, mandate);
  if (mandate?.state === "held" && mandate.holder === me.centre) {
    return html`<button class="button" @click=${() => void network.showSheet(scope)}>${t("Übergabeblatt")}</button>
      <button class="button primary" ?disabled=${line.state !== "up"} @click=${() => void network.act("switch_back.start", { scope }, `take:${scope}`)}>${t("Rückgabe beginnen")}</button>
      ${report(app, scope)}`;
  }
  if (mandate) return report(app, scope);
  if (line.state === "up" || line.state === "catching_up") {
    return html`<button class="button" @click=${() => void network.act("take_over.request", { scope, reason: "" }, `take:${scope}`)}>${t("Übernahme von {scope} anbieten", { scope: network.scopeName(scope) })}</button>`;
  }
  if (!agreement) return nothing;
  const silent = secondsSince(line.heard_at ?? line.since) ?? 0;
  const waits = Math.max(0, Math.ceil(agreement.silent_seconds - silent));
  const label = waits ? t("Übernahme in {n} s möglich", { n: waits }) : t("{scope} übernehmen", { scope: network.scopeName(scope) });
  if (agreement.signatures === 1) return html`<button class="button alarm" ?disabled=${waits > 0} @click=${() => void network.takeOver(scope)}>${label}</button>`;
  return html`<form class="second" @submit=${(/** @type {SubmitEvent} */ event) => countersigned(app, scope, event)}>
    <span>${t("Zweite Unterschrift")}</span>
    <input class="text" name="username" required autocomplete="off" placeholder=${t("Anmeldename")} aria-label=${t("Anmeldename")} />
    <input class="text" name="password" type="password" required autocomplete="off" placeholder=${t("Kennwort")} aria-label=${t("Kennwort")} />
    <input class="text" name="code" inputmode="numeric" autocomplete="off" placeholder=${t("Code, falls eingerichtet")} aria-label=${t("Code, falls eingerichtet")} />
    <button class="button alarm" ?disabled=${waits > 0}>${label}</button>
  </form>`;
}

/** @param {import("../app.js").App} app @param {string} scope @param {MandateView} mandate */
function requested(app, scope, mandate) {
  const { network, me } = app;
  const decline = html`<button class="button" @click=${() => void network.act("take_over.decline", { scope }, `take:${scope}`)}>${mandate.partner === me.centre ? t("Ablehnen") : t("Bitte zurückziehen")}</button>`;
  if (mandate.partner !== me.centre) return decline;
  return html`<button class="button primary" @click=${() => void network.accept(scope)}>${t("Annehmen")}</button>${decline}`;
}

/** @param {import("../app.js").App} app @param {string} scope */
function report(app, scope) {
  return html`<button class="button" @click=${() => void app.network.print(`/console/switchback/${scope}/report`)}>${t("Bericht drucken")}</button>`;
}

/** @param {import("../app.js").App} app @param {string} scope */
function refusal(app, scope) {
  const outcome = app.commands.outcome(`take:${scope}`);
  if (outcome?.state === "refused") return html`<p class="refused" role="alert">${outcome.reason}</p>`;
  return outcome?.state === "pending" || outcome?.state === "waiting" ? html`<p>${t("läuft …")}</p>` : nothing;
}

/** @param {AgreementView} agreement */
function terms(agreement) {
  const words = [
    t("Nach {n} s Stille ohne Zustimmung", { n: agreement.silent_seconds }),
    agreement.signatures === 1 ? t("eine Unterschrift") : t("zwei Unterschriften"),
    agreement.dispatcher_may ? t("auch der Disposition") : t("der Schichtführung"),
  ];
  if (agreement.spill_seconds !== null) words.push(t("wartende Anrufe klingeln nach {n} s auch hier", { n: agreement.spill_seconds }));
  if (agreement.automatic_seconds !== null) words.push(t("von selbst nach {n} s", { n: agreement.automatic_seconds }));
  return `${words.join(", ")}.`;
}

/** @param {import("../app.js").App} app @param {string} centre @param {Event} event */
function choose(app, centre, event) {
  app.network.scopes[centre] = /** @type {HTMLSelectElement} */ (event.target).value;
  app.invalidateAll();
}

/** @param {import("../app.js").App} app @param {string} scope @param {SubmitEvent} event */
function countersigned(app, scope, event) {
  event.preventDefault();
  void app.network.takeOver(scope, /** @type {HTMLFormElement} */ (event.target));
}

/**
 * An incident whose centre does not answer: nothing can be changed until somebody has taken it over.
 * @param {import("../app.js").App} app @param {IncidentView} incident
 */
export function orphaned(app, incident) {
  const line = app.store.links.find((one) => one.centres.includes(incident.centre));
  if (!line || line.shared || line.state !== "down" || incident.centre === app.me.centre) return nothing;
  const place = `take:incident:${incident.id}`;
  const outcome = app.commands.outcome(place);
  return html`<div class="orphaned" role="status">
    <span>${t("{centre} antwortet nicht. Ändern lässt sich dieser Einsatz erst nach der Übernahme.", { centre: app.network.centreName(incident.centre) })}</span>
    <button class="button alarm" ?disabled=${outcome?.state === "pending"} @click=${() => void app.network.act("take_over.incident", { incident: incident.id }, place)}>${t("Diesen Einsatz übernehmen")}</button>
    <button class="button" @click=${() => app.network.open()}>${t("Leitstelle übernehmen …")}</button>
    ${outcome?.state === "refused" ? html`<span class="refused" role="alert">${outcome.reason}</span>` : nothing}
  </div>`;
}

/** What must be seen at once. @param {import("../app.js").App} app @param {Record<string, any>} data */
export function sheet(app, data) {
  const line = /** @param {string[]} words */ (...words) => words.filter(Boolean).join(" · ");
  /** @type {[string, any[], (row: any) => string][]} */
  const lists = [
    [t("Wartende Anrufe"), data.calls, (row) => line(clock(row.rang_at), row.line, row.number, row.note, row.user)],
    [t("Noch nicht quittierte Alarme"), data.owed, (row) => line(row.name, row.number, row.medium, clock(row.since), row.detail)],
    [t("Offene Einsätze"), data.incidents, (row) => line(row.number, row.keyword ?? "", row.place, t("{n} Einsatzmittel", { n: row.units }))],
    [t("Gebundene Einsatzmittel"), data.units, (row) => line(row.name, row.number, row.status === null ? "" : `Status ${row.status}`)],
    [t("Ortskenntnis"), data.knowledge, (row) => line(row.name, row.value, row.note, row.example ? t("Beispiel") : "")],
    [t("Besondere Ausrückeordnungen"), data.plans, (row) => line(row.keyword ?? "", row.name ?? "", row.place ?? "")],
  ];
  return html`<div class="sheet">
    <div class="buttons">
      <button class="button" @click=${() => app.network.closeSheet()}>${t("zum Verbund")}</button>
      <button class="button" @click=${() => print()}>${t("Drucken")}</button>
    </div>
    ${lists.map(([name, rows, words]) => html`<section><h3>${name} <b>${rows.length}</b></h3>
      ${rows.length ? html`<ul>${rows.map((row) => html`<li>${words(row)}</li>`)}</ul>` : html`<p class="empty">${t("keine")}</p>`}</section>`)}
  </div>`;
}
