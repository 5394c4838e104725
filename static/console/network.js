/** What people do about the network: taking over and giving back, signing what collided, rehearsing. */
import { t } from "./i18n.js";
import { nodes } from "./nodes.js";
import { read } from "./commands.js";

export class Network {
  /** @param {import("./app.js").App} app */
  constructor(app) {
    this.app = app;
    /** What whoever has just taken over must see at once. @type {Record<string, any> | null} */
    this.sheet = null;
    /** The scope chosen by centre: all of it or a county. @type {Record<string, string>} */
    this.scopes = {};
    /** @type {Set<string>} */
    this.known = new Set();
  }

  open() {
    this.app.dialogs.show("network");
    this.app.dialogs.element.querySelector("button.primary, button.alarm, .network button")?.scrollIntoView({ block: "nearest" });
    return true;
  }

  /** New conflicts and requests are said once; what was there at the start is in the status bar. @param {Set<Topic>} topics */
  heard(topics) {
    if (!topics.has("conflicts") && !topics.has("mandates") && !topics.has("drills")) return;
    const { state, me, store } = this.app;
    const now = new Map([
      ...Object.values(state.conflicts).map((one) => /** @type {const} */ ([one.id, t("Widerspruch: {title}", { title: one.title })])),
      ...Object.values(state.mandates).filter((one) => one.state === "requested" && one.partner === me.centre)
        .map((one) => /** @type {const} */ ([`${one.scope} ${one.requested_at}`, t("Übernahme erbeten: {scope}", { scope: this.scopeName(one.scope) })])),
      ...Object.values(state.drills).filter((one) => one.partner === me.centre && !one.accepted_at && !one.finished_at)
        .map((one) => /** @type {const} */ ([one.id, t("Übung: Übernahme von {centre} erbeten", { centre: this.centreName(one.centre) })])),
    ]);
    const fresh = [...now].filter(([id]) => !this.known.has(id));
    const first = this.known.size === 0 && !store.ready;
    this.known = new Set(now.keys());
    if (first || this.app.alone) return;
    for (const [, text] of fresh) {
      this.app.sounds.play("timer");
      this.app.announcer.say(text);
    }
  }

  /** @param {string} id */
  centreName(id) {
    return this.app.state.master.centres[id]?.name ?? id;
  }

  /** @param {string} scope */
  scopeName(scope) {
    const [kind = "", id = ""] = scope.split(":");
    return kind === "county" ? this.app.state.master.counties[id]?.name ?? id : this.centreName(id);
  }

  /**
   * @param {string} name @param {Record<string, any>} data @param {string} place where its outcome is shown
   * @returns {Promise<Answer>}
   */
  async act(name, data, place) {
    const answer = await this.app.commands.send(name, data, place);
    if (!answer.ok) this.app.sounds.play("refused");
    return answer;
  }

  /** Take over a silent centre, with the second signature first where the agreement wants one. @param {string} scope @param {HTMLFormElement} [form] */
  async takeOver(scope, form) {
    const place = `take:${scope}`;
    let second = "";
    if (form) {
      const values = Object.fromEntries(new FormData(form));
      try {
        second = (await read("/console/countersign", { body: { ...values, scope } })).token;
      } catch (error) {
        this.app.commands.set(place, { state: "refused", reason: String(error instanceof Error ? error.message : error), code: "", detail: {}, at: performance.now() });
        return;
      }
    }
    const answer = await this.act("take_over.take", { scope, reason: t("Leitstelle antwortet nicht"), second }, place);
    if (answer.ok) await this.showSheet(scope);
  }

  /** @param {string} scope */
  async accept(scope) {
    const answer = await this.act("take_over.accept", { scope }, `take:${scope}`);
    if (answer.ok && this.app.state.mandates[scope]?.partner === this.app.me.centre) await this.showSheet(scope);
  }

  /** @param {string} scope */
  async showSheet(scope) {
    try {
      this.sheet = await read(`/console/takeover/${scope}`);
    } catch (error) {
      this.app.announcer.say(String(error instanceof Error ? error.message : error));
    }
    this.app.invalidateAll();
  }

  closeSheet() {
    this.sheet = null;
    this.app.invalidateAll();
  }

  /** A page for the printer, from the node this console works with. @param {string} path */
  async print(path) {
    const response = await nodes.request(path, { headers: { "X-Leitstelle": "1" } });
    const page = new Blob([await response.text()], { type: "text/html;charset=utf-8" });
    open(URL.createObjectURL(page), "_blank");
  }

  /** @param {string} conflict @param {number} choice */
  async sign(conflict, choice) {
    const reason = document.getElementById(`reason-${conflict}`);
    const answer = await this.act("conflict.sign", { conflict, choice, reason: reason instanceof HTMLInputElement ? reason.value : "" }, `conflict:${conflict}`);
    if (answer.ok) this.app.announcer.say(t("Unterschrieben."));
  }

  /** Incidents and calls that wait for the word of their own centre. @param {string} centre */
  pieces(centre) {
    const { state } = this.app;
    const away = /** @param {{home: string, centre: string}} one */ (one) => one.home === centre && one.centre !== centre;
    return {
      incidents: Object.values(state.incidents).filter(away),
      calls: Object.values(state.calls).filter(away),
    };
  }
}
