/** What a key, a button or a word on the command line does. Each act says whether it was possible. */
import { currentLanguage, t } from "./i18n.js";
import { liveCalls, shortName, spokenCall } from "./look.js";
import * as forms from "./forms.js";
import { applyTheme, isDark } from "./theme.js";

const PANEL_ORDER = ["queue", "incidents", "work", "proposal", "board", "map"];

export class Acts {
  /** @param {import("./app.js").App} app */
  constructor(app) {
    this.app = app;
  }

  /**
   * @param {string} act a name of the table of shortcuts
   * @param {Event} [event] where it was pressed
   * @returns {boolean} false: there is nothing to do it to
   */
  perform(act, event) {
    const numbered = /^(treeAnswer|attachOffer)(\d)$/.exec(act);
    if (numbered) {
      const [, what, digit] = numbered;
      return what === "treeAnswer" ? this.treeAnswer(Number(digit) - 1) : this.attachOffer(Number(digit) - 1);
    }
    const acts = /** @type {Record<string, (row: string | null, event?: Event) => boolean | void>} */ (/** @type {unknown} */ (this));
    const run = acts[act];
    if (typeof run !== "function") return false;
    return run.call(this, rowOf(event), event) !== false;
  }

  network() {
    return this.app.network.open();
  }

  // --- calls -----------------------------------------------------------------------------------------------------

  answer() {
    const { state, me } = this.app;
    const ringing = liveCalls(state, me).find((call) => call.state === "ringing");
    if (!ringing) return this.say(t("Es klingelt kein Anruf."));
    void this.take(ringing);
    return true;
  }

  /** @param {CallView} call */
  async take(call) {
    const spoken = spokenCall(this.app.state, this.app.me.seat);
    // One mouth: the caller on the line waits.
    if (spoken && spoken.id !== call.id) await this.app.commands.send("call.hold", { call: spoken.id }, `call:${spoken.id}`);
    const answer = await this.app.commands.send("call.answer", { call: call.id }, `call:${call.id}`);
    if (answer.ok) this.app.intake.openCall(this.app.state.calls[call.id] ?? call);
    else {
      this.app.sounds.play("refused");
      this.app.announcer.say(answer.reason ?? "");
    }
  }

  /** @param {string | null} id */
  openCall(id) {
    const call = this.app.state.calls[id ?? ""];
    if (!call) return false;
    if (call.state === "ringing") void this.take(call);
    else if (call.incident) this.app.selection.choose({ draft: null, incident: call.incident, call: call.id });
    else if (call.state === "held" && call.seat === this.app.me.seat) void this.resume(call);
    else this.app.intake.openCall(call);
    return true;
  }

  /** @param {CallView} call */
  async resume(call) {
    const answer = await this.app.commands.send("call.resume", { call: call.id }, `call:${call.id}`);
    if (answer.ok) this.app.intake.openCall(this.app.state.calls[call.id] ?? call);
  }

  hold() {
    const { state, me } = this.app;
    const spoken = spokenCall(state, me.seat);
    const held = Object.values(state.calls).find((call) => call.state === "held" && call.seat === me.seat);
    if (!spoken && !held) return this.say(t("Sie haben kein Gespräch."));
    return this.holdRow((spoken ?? held)?.id ?? null);
  }

  /** @param {string | null} id */
  holdRow(id) {
    const call = this.app.state.calls[id ?? ""];
    if (call?.state === "answered") void this.app.commands.send("call.hold", { call: call.id }, `call:${call.id}`);
    else if (call?.state === "held") void this.resume(call);
    else return false;
    return true;
  }

  hangUp() {
    const spoken = spokenCall(this.app.state, this.app.me.seat);
    return spoken ? this.endRow(spoken.id) : this.say(t("Sie haben kein Gespräch."));
  }

  /** @param {string | null} id */
  endRow(id) {
    const call = this.app.state.calls[id ?? ""];
    if (!call) return false;
    if (call.incident || this.app.intake.drafts.get(call.id)?.incident) {
      void this.app.commands.send("call.end", { call: call.id }, `call:${call.id}`);
      return true;
    }
    return this.app.dialogs.ask(forms.endCall(this.app, call));
  }

  /** @param {string | null} id */
  handRow(id) {
    const call = this.app.state.calls[id ?? ""] ?? spokenCall(this.app.state, this.app.me.seat);
    return call ? this.app.dialogs.ask(forms.handCall(this.app, call)) : false;
  }

  /** @param {string | null} id */
  callBack(id) {
    const call = this.app.state.calls[id ?? ""];
    return call?.state === "lost" ? this.app.dialogs.ask(forms.calledBack(this.app, call)) : false;
  }

  // --- interview -------------------------------------------------------------------------------------------------

  newIncident() {
    this.app.intake.openEmpty();
  }

  openFromInterview() {
    void this.app.intake.open();
  }

  /** @param {number} index */
  treeAnswer(index) {
    const button = document.querySelectorAll(".tree [data-answer]")[index];
    if (!(button instanceof HTMLElement)) return false;
    button.click();
    return true;
  }

  treeBack() {
    const button = document.querySelector(".tree [data-back]");
    if (!(button instanceof HTMLElement)) return false;
    button.click();
    return true;
  }

  /** @param {number} index */
  attachOffer(index) {
    const offer = this.app.intake.offers.incidents[index];
    if (!offer) return false;
    void this.app.intake.attach(offer.id);
    return true;
  }

  // --- proposal and alarm ----------------------------------------------------------------------------------------

  alarm() {
    const { proposing } = this.app;
    if (proposing.chosenRows().length) {
      void proposing.alarm();
      return true;
    }
    const { incident, draft } = this.app.selection.chosen;
    if (!draft && incident && proposing.want(incident)) return true;
    return this.say(t("Es gibt keinen Vorschlag zu alarmieren: Ort und Stichwort angeben."));
  }

  /** @param {string | null} row */
  toggleRow(row) {
    if (!row) return false;
    this.app.proposing.toggle(row);
  }

  /** @param {string | null} row */
  exchangeRow(row) {
    if (!row) return false;
    this.app.proposing.exchange(row);
  }

  reserve() {
    const { proposing } = this.app;
    if (!proposing.scheduled() || !proposing.chosenRows().length) return this.say(t("Vormerken geht bei Transporten mit Termin."));
    void proposing.reserve();
    return true;
  }

  addToProposal() {
    return this.app.goTo("add-unit");
  }

  askAgain() {
    return this.app.proposing.again();
  }

  askProposal() {
    const { incident } = this.app.selection.chosen;
    if (!incident || !this.app.proposing.want(incident)) return this.say(t("Ohne Ort und Stichwort gibt es keinen Vorschlag."));
    return this.focusPanel("proposal");
  }

  undoAlarm() {
    const last = this.app.proposing.lastAlarm;
    if (!last) return false;
    this.app.proposing.lastAlarm = null;
    void this.app.commands.send(
      "incident.recall",
      { incident: last.incident, units: last.units, reason: t("Alarm zurückgenommen") },
      `recall:${last.incident}`,
    );
    this.app.invalidateAll();
  }

  // --- incident --------------------------------------------------------------------------------------------------

  /** @param {string | null} id */
  openIncident(id) {
    if (!id) return false;
    this.app.selection.choose({ incident: id, draft: null, call: null });
    if (this.app.panels.has("work")) this.focusPanel("work");
  }

  writeNote() {
    const field = document.getElementById("log-note");
    field?.focus();
    return Boolean(field);
  }

  /** @param {(app: import("./app.js").App, incident: IncidentView) => import("./dialog.js").Form | null} form */
  withIncident(form) {
    const incident = this.app.state.incidents[this.app.selection.chosen.incident ?? ""];
    if (!incident) return this.say(t("Es ist kein offener Einsatz gewählt."));
    const asked = form(this.app, incident);
    return asked ? this.app.dialogs.ask(asked) : false;
  }

  recall() {
    return this.withIncident(forms.recall);
  }

  raiseKeyword() {
    return this.withIncident(forms.raiseKeyword);
  }

  merge() {
    return this.withIncident(forms.merge);
  }

  split() {
    return this.withIncident(forms.split);
  }

  handOver() {
    return this.withIncident(forms.handOver);
  }

  close() {
    return this.withIncident(forms.close);
  }

  /** @param {string | null} row */
  showOnMap(row) {
    const incident = this.app.state.incidents[row ?? this.app.selection.chosen.incident ?? ""];
    if (!incident || incident.lon === null || incident.lat === null) return false;
    this.app.selection.choose({ look: { lon: incident.lon, lat: incident.lat } });
  }

  // --- units -----------------------------------------------------------------------------------------------------

  /** @param {string | null} row */
  openUnit(row) {
    if (!row) return false;
    this.app.selection.choose({ unit: this.app.selection.chosen.unit === row ? null : row });
  }

  /** @param {string | null} row */
  addUnit(row) {
    const unit = row ?? this.app.selection.chosen.unit;
    if (!unit) return false;
    return this.app.proposing.add(unit) || this.say(t("Erst einen Einsatz oder eine Abfrage öffnen."));
  }

  /** @param {string | null} row */
  showUnitOnMap(row) {
    const { master, positions } = this.app.state;
    const unit = row ?? this.app.selection.chosen.unit ?? "";
    const spot = positions[unit] ?? master.stations[master.units[unit]?.station ?? ""];
    if (!spot) return false;
    this.app.selection.choose({ unit, look: { lon: spot.lon, lat: spot.lat } });
  }

  /** The radio or device that was heard last and nobody knows: what is it? */
  settleUnknown() {
    const heard = Object.values(this.app.state.unknown).sort((a, b) => b.last_heard.localeCompare(a.last_heard))[0];
    return heard ? this.app.dialogs.ask(forms.settleUnknown(this.app, heard)) : false;
  }

  /** @param {string} unit */
  moveUp(unit) {
    return this.app.dialogs.ask(forms.moveUp(this.app, unit));
  }

  // --- attention -------------------------------------------------------------------------------------------------

  noteTimer() {
    const first = this.app.announcer.alerts()[0];
    return first ? this.note(first) : this.say(t("Es steht keine Meldung an."));
  }

  /** @param {import("./announce.js").Alert} alert */
  note(alert) {
    if (alert.kind === "emergency" || alert.kind === "speak") {
      void this.app.commands.send("unit.answer_overlay", { unit: alert.id }, `alert:${alert.id}`);
      this.app.selection.choose({ unit: alert.id });
    } else {
      for (const timer of alert.ids) void this.app.commands.send("timer.seen", { timer }, `alert:${alert.id}`);
    }
    if (alert.incident) this.app.selection.choose({ incident: alert.incident, draft: null });
    return true;
  }

  // --- moving about ----------------------------------------------------------------------------------------------

  /** @param {string} name */
  focusPanel(name) {
    this.app.draw();
    const element = document.getElementById(name);
    if (!element) return false;
    const inner = element.querySelector("[data-row][tabindex='0']") ?? element.querySelector(".leaflet-container");
    (inner instanceof HTMLElement ? inner : element).focus();
    return true;
  }

  toQueue() {
    return this.focusPanel("queue");
  }

  toIncidents() {
    return this.focusPanel("incidents");
  }

  toWork() {
    return this.focusPanel("work");
  }

  toProposal() {
    return this.focusPanel("proposal");
  }

  toBoard() {
    return this.focusPanel("board");
  }

  toMap() {
    return this.focusPanel("map");
  }

  nextPanel() {
    return this.cycle(1);
  }

  previousPanel() {
    return this.cycle(-1);
  }

  /** @param {1 | -1} step */
  cycle(step) {
    const here = document.activeElement?.closest("[data-panel]")?.getAttribute("data-panel") ?? "";
    const names = PANEL_ORDER.filter((name) => document.getElementById(name));
    const at = names.indexOf(here);
    const next = names[(at + step + names.length) % names.length];
    return next ? this.focusPanel(next) : false;
  }

  /** @param {string | null} _row @param {Event} [event] */
  back(_row, event) {
    const { search, commandLine, intake, selection } = this.app;
    if (search.isOpen) return search.close();
    const target = event?.target;
    if (target instanceof HTMLElement && target.closest(".footbar")) return commandLine.leave();
    if (target instanceof HTMLElement && target.matches("input, textarea, select")) {
      // Out of the field, but still in its panel: now the single keys work.
      const panel = target.closest("[data-panel]");
      if (panel instanceof HTMLElement) panel.focus();
      else target.blur();
      return true;
    }
    if (intake.draft) return intake.leave();
    if (selection.chosen.unit) return selection.choose({ unit: null });
    if (selection.chosen.incident) return selection.choose({ incident: null });
    return false;
  }

  search() {
    this.app.search.show();
  }

  commandLine() {
    this.app.commandLine.focus("");
  }

  setStatus() {
    const unit = this.app.selection.chosen.unit;
    this.app.commandLine.focus(unit ? `s ${shortName(this.app.state, unit)} ` : "s ");
  }

  help() {
    if (this.app.dialogs.kind === "help") this.app.dialogs.close();
    else this.app.dialogs.show("help");
  }

  theme() {
    applyTheme(isDark() ? "light" : "dark");
    this.app.invalidateAll();
  }

  mute() {
    this.app.sounds.choose({ muted: !this.app.sounds.choice.muted });
    this.app.invalidateAll();
  }

  language() {
    this.app.speak(currentLanguage() === "de" ? "en" : "de");
  }

  /** @param {string} name of a panel */
  openWindow(name) {
    const map = name === "map";
    window.open(`/console/?panel=${name}`, `leitstelle-${name}`, `popup,width=${map ? 1100 : 900},height=900`);
  }

  /** Say why nothing happened, where it was asked for. @param {string} text */
  say(text) {
    this.app.commandLine.tell(text);
    this.app.announcer.say(text);
    return true;
  }
}

/** @param {Event | undefined} event @returns {string | null} id of the row an event happened in */
function rowOf(event) {
  return event?.target instanceof Element ? (event.target.closest("[data-row]")?.getAttribute("data-id") ?? null) : null;
}
