/** Who and where one is, whether the link stands, how old the picture is, what time it is. */
import { html, nothing } from "../html.js";
import { currentLanguage, t } from "../i18n.js";
import { ICONS } from "../icons.js";
import { liveCalls, mine } from "../look.js";
import { STALE_SECONDS } from "../socket.js";
import { isDark } from "../theme.js";
import { clock, day, duration, now } from "../time.js";
import { AWAY_SECONDS } from "./banner.js";
import { summary } from "./network.js";

/** @param {import("../app.js").App} app */
export function view(app) {
  const { me, state } = app;
  const centre = state.master.centres[me.centre];
  const calls = liveCalls(state, me);
  const ringing = calls.filter((call) => call.state === "ringing").length;
  const lost = calls.filter((call) => call.state === "lost").length;
  const open = Object.values(state.incidents).filter((incident) => mine(me, incident.centre)).length;
  return html`<h1 class="centre">${centre?.name ?? t("Leitstelle")}</h1>
    <span class="seat">${me.seat ? t("Platz {seat}", { seat: me.seat }) : ""} · ${me.name}</span>
    <span class="figures">
      <span class=${ringing ? "loud" : ""}><b>${ringing}</b> ${t("wartend")}</span>
      ${lost ? html`<span class="warn"><b>${lost}</b> ${t("verloren")}</span>` : nothing}
      <span><b>${open}</b> ${t("Einsätze")}</span>
      ${unknownSenders(app)}
    </span>
    <span class="space"></span>
    ${app.commands.unanswered ? html`<span class="pending">${t("{n} unbeantwortet", { n: app.commands.unanswered })}</span>` : nothing}
    ${summary(app)}
    ${link(app)}
    <span class="tools">
      <button class="icon" title=${`${t("Suche")} ( / )`} aria-label=${t("Suche")} @click=${() => app.acts.search()}>${ICONS.search()}</button>
      <button class="icon" title=${app.sounds.choice.muted ? t("Töne an") : t("Töne aus")} aria-label=${t("Töne")} aria-pressed=${!app.sounds.choice.muted} @click=${() => app.acts.mute()}>
        ${app.sounds.choice.muted ? ICONS.mute() : ICONS.sound()}
      </button>
      <button class="icon" title=${t("hell / dunkel")} aria-label=${t("hell / dunkel")} @click=${() => app.acts.theme()}>${isDark() ? ICONS.dark() : ICONS.light()}</button>
      <button class="icon" title=${t("Sprache")} @click=${() => app.acts.language()}>${currentLanguage() === "de" ? "EN" : "DE"}</button>
      <button class="icon" title=${`${t("Hilfe")} ( ? )`} aria-label=${t("Hilfe")} @click=${() => app.acts.help()}>?</button>
      <a class="icon" href="/logout/" title=${t("abmelden")} aria-label=${t("abmelden")} @click=${(/** @type {Event} */ event) => leave(event, app)}>${ICONS.leave()}</a>
    </span>
    <span class="clock"><time>${clock(now())}</time><small>${day(now())}</small></span>`;
}

/** Radios and devices nobody knows: kept until a person has dealt with them. @param {import("../app.js").App} app */
function unknownSenders(app) {
  const count = Object.keys(app.state.unknown).length;
  if (!count) return nothing;
  return html`<button class="chip warn" @click=${() => app.acts.settleUnknown()}>
    ${count === 1 ? t("1 unbekannter Absender") : t("{n} unbekannte Absender", { n: count })}
  </button>`;
}

/** Leaving is more than an address. @param {Event} event @param {import("../app.js").App} app */
function leave(event, app) {
  event.preventDefault();
  void app.leave();
}

/** @param {import("../app.js").App} app */
function link(app) {
  const age = app.link.age();
  const stale = age > STALE_SECONDS;
  const state = app.link.state === "live" && !stale ? "live" : app.link.state === "starting" ? "starting" : "away";
  // The band below says the rest, and this line has no room for it.
  const long = age > AWAY_SECONDS;
  const words = { live: t("verbunden"), starting: t("verbindet …"), away: long ? t("getrennt") : t("getrennt – verbindet neu") }[state];
  return html`<span class="link ${state}" role="status">
    <i></i>${app.store.node && !long ? html`${t("Knoten {node}", { node: app.store.node })} · ` : nothing}${words}
    <span class="age">${state === "live" ? t("Stand aktuell") : t("Stand vor {age}", { age: duration(Number.isFinite(age) ? age : null) })}</span>
  </span>`;
}

/** @param {import("../app.js").App} app @returns {string} title of the window: what waits */
export function title(app) {
  const ringing = liveCalls(app.state, app.me).filter((call) => call.state === "ringing").length;
  const alerts = app.store.ready ? app.announcer.alerts().length : 0;
  const counts = [ringing ? `☎${ringing}` : "", alerts ? `!${alerts}` : ""].filter(Boolean).join(" ");
  return `${counts ? `${counts} ` : ""}${app.state.master.centres[app.me.centre]?.name ?? "Leitstelle"}`;
}
