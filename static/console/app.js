/** Puts the console together: one store, one link, the panels of this window, and one way from a key to an act. */
import { Acts } from "./acts.js";
import { Announcer } from "./announce.js";
import { Commands } from "./commands.js";
import { CommandLine } from "./commandline.js";
import { Dialogs } from "./dialog.js";
import { moveInRows } from "./grid.js";
import { html, render } from "./html.js";
import { t, currentLanguage, setLanguage } from "./i18n.js";
import { Intake } from "./intake.js";
import { recall, remember } from "./keep.js";
import { Network } from "./network.js";
import { nodes } from "./nodes.js";
import { MapPanel } from "./panels/map.js";
import * as banner from "./panels/banner.js";
import * as board from "./panels/board.js";
import * as incidents from "./panels/incidents.js";
import * as proposal from "./panels/proposal.js";
import * as queue from "./panels/queue.js";
import * as search from "./panels/search.js";
import * as statusbar from "./panels/statusbar.js";
import * as work from "./panels/work.js";
import { Proposing } from "./proposing.js";
import { Selection } from "./selection.js";
import { listen } from "./shortcuts.js";
import { Link } from "./socket.js";
import { Sounds } from "./sounds.js";
import { Store } from "./store.js";
import { setClock } from "./time.js";
import { applyTheme } from "./theme.js";

/**
 * @typedef {{topics: Topic[], ticks: boolean, label: () => string, view: (app: App) => unknown}} Panel
 */

/** @type {Record<string, Panel>} */
const PANELS = { queue, incidents, work, proposal, board };

/** Panels of the whole console by column, from top to bottom. */
const COLUMNS = [["queue", "incidents"], ["work", "proposal"], ["map", "board"]];

/** Panels that come together in a window of their own. */
const COMPANIONS = /** @type {Record<string, string[]>} */ ({ work: ["work", "proposal"] });

export class App {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** Name of the one panel of this window, or "" for the whole console. */
    this.alone = panelAsked();
    this.store = new Store();
    this.commands = new Commands({ onChange: () => this.invalidateAll(), onSilence: () => void this.link.suspect() });
    this.sounds = new Sounds();
    this.selection = new Selection((change) => this.selected(change));
    this.intake = new Intake(this);
    this.proposing = new Proposing(this);
    this.acts = new Acts(this);
    this.dialogs = new Dialogs(this);
    this.network = new Network(this);
    this.commandLine = new CommandLine(this);
    this.announcer = new Announcer(this);
    this.search = new search.Search(this);
    this.link = new Link(this.store, { onClock: setClock, onSeatLost: () => this.seatLost(), onLive: () => this.live() });
    /** @type {Map<string, {element: HTMLElement, panel: Panel}>} */
    this.panels = new Map();
    /** @type {MapPanel | null} */
    this.map = null;
    /** Row with the tab stop, by panel. @type {Record<string, string>} */
    this.stops = {};
    /** @type {Set<string>} */
    this.dirty = new Set();
    this.frameAsked = false;
    this.lostSeat = false;
    /** What the panels keep about their own look. @type {Record<string, any>} */
    this.ui = { incidents: { all: false }, board: { branch: "all", text: "", free: false, centre: "own" }, ...recall("ui") };
    this.commandLine.text = recall("line") ?? "";
    this.resumed = false;
  }

  get state() {
    return this.store.state;
  }

  get me() {
    return this.store.me;
  }

  start() {
    applyTheme();
    this.build();
    this.store.subscribe((topics, frame) => this.changed(topics, frame));
    listen((act, event) => this.acts.perform(act, event));
    this.root.addEventListener("keydown", (event) => moveInRows(event));
    this.root.addEventListener("focusin", (event) => this.focused(event));
    addEventListener("pagehide", () => this.remember());
    setInterval(() => this.tick(), 1000);
    void this.link.start();
    this.invalidateAll();
  }

  build() {
    const columns = this.alone ? [COMPANIONS[this.alone] ?? [this.alone]] : COLUMNS;
    const grid = document.createElement("main");
    grid.className = this.alone ? "console alone" : "console";
    this.bar = document.createElement("header");
    this.bar.className = "statusbar";
    this.banner = document.createElement("div");
    this.banner.className = "banners";
    this.foot = document.createElement("footer");
    this.foot.className = "footbar";
    for (const names of columns) {
      const column = document.createElement("div");
      column.className = "column";
      column.append(...names.map((name) => this.place(name)));
      grid.append(column);
    }
    this.overlay = document.createElement("div");
    this.root.replaceChildren(this.bar, this.banner, grid, this.foot, this.overlay);
    this.dialogs.mount(this.root);
    this.announcer.mount(this.root);
    this.relabel();
  }

  /** @param {string} name of a panel */
  place(name) {
    const element = document.createElement("section");
    element.className = `panel ${name}`;
    element.id = name;
    element.tabIndex = -1;
    element.dataset.panel = name;
    element.dataset.scope = name;
    const panel = PANELS[name];
    if (panel) this.panels.set(name, { element, panel });
    else this.map = new MapPanel(this, element);
    return element;
  }

  relabel() {
    for (const { element, panel } of this.panels.values()) element.setAttribute("aria-label", panel.label());
    this.map?.element.setAttribute("aria-label", t("Karte"));
  }

  /** @param {"de" | "en"} language */
  speak(language) {
    if (language !== currentLanguage()) setLanguage(language);
    this.relabel();
    this.map?.relabel();
    this.invalidateAll();
  }

  /** @param {Set<Topic>} topics @param {Frame} [frame] */
  changed(topics, frame) {
    for (const [name, { panel }] of this.panels) if (panel.topics.some((topic) => topics.has(topic))) this.dirty.add(name);
    if (topics.has("incidents") || topics.has("calls")) this.intake.follow();
    this.proposing.follow();
    this.map?.changed(topics);
    this.announcer.heard(topics, frame);
    this.network.heard(topics);
    this.dirty.add("bars");
    this.ask();
  }

  /** @param {import("./selection.js").Chosen} change what was chosen, here or in another window */
  selected(change) {
    this.intake.selected(change);
    this.map?.selected(change);
    this.proposing.follow();
    this.link.announce(this.selection.chosen.incident, null);
    this.invalidateAll();
  }

  tick() {
    this.remember();
    for (const [name, { panel }] of this.panels) if (panel.ticks) this.dirty.add(name);
    this.dirty.add("bars");
    this.announcer.tick();
    this.ask();
  }

  /** @param {string} name */
  invalidate(name) {
    this.dirty.add(name);
    this.ask();
  }

  invalidateAll() {
    for (const name of this.panels.keys()) this.dirty.add(name);
    this.dirty.add("bars");
    this.ask();
  }

  ask() {
    if (this.frameAsked) return;
    this.frameAsked = true;
    // A hidden window gets no animation frames; it is drawn when it is shown again.
    requestAnimationFrame(() => {
      this.frameAsked = false;
      this.draw();
    });
  }

  draw() {
    const dirty = this.dirty;
    this.dirty = new Set();
    for (const [name, { element, panel }] of this.panels) {
      if (!dirty.has(name)) continue;
      const had = element.contains(document.activeElement);
      render(this.store.ready ? panel.view(this) : waiting(), element);
      // What had the focus is gone: it stays in the panel, so that the next key still means this panel.
      if (had && !element.contains(document.activeElement)) focusIn(element);
    }
    if (dirty.has("bars") && this.bar && this.banner && this.foot && this.overlay) {
      render(statusbar.view(this), this.bar);
      render(banner.view(this), this.banner);
      render(this.commandLine.view(), this.foot);
      render(this.search.view(), this.overlay);
      this.dialogs.draw();
    }
    document.title = statusbar.title(this);
  }

  /** Draw what is due and put the caret into a field at once, so that no letter lands in the one before. @param {string} id */
  goTo(id) {
    this.draw();
    const field = document.getElementById(id);
    field?.focus();
    return Boolean(field);
  }

  /** @param {FocusEvent} event */
  focused(event) {
    const target = event.target instanceof Element ? event.target : null;
    const row = target?.closest("[data-row]");
    const panel = target?.closest("[data-panel]")?.getAttribute("data-panel");
    if (row && panel) {
      const id = row.getAttribute("data-id") ?? "";
      if (this.stops[panel] !== id) {
        this.stops[panel] = id;
        this.invalidate(panel);
      }
    }
    const field = target?.getAttribute("data-field") ?? null;
    this.link.announce(this.selection.chosen.incident, field);
  }

  /**
   * Whether somebody works in the rows of a panel, so that they must not move.
   * @param {string} name
   */
  held(name) {
    const rows = this.panels.get(name)?.element.querySelector("[data-rows]");
    return Boolean(rows && (rows.matches(":hover") || rows.contains(document.activeElement)));
  }

  /** What a reload of this window should find again. */
  remember() {
    if (this.lostSeat) return;
    remember("ui", this.ui);
    remember("line", this.commandLine.text);
  }

  /** The picture is up to date: at the start, and again after every interruption. */
  live() {
    if (!this.resumed) this.commands.resume();
    this.resumed = true;
  }

  /** Leave the seat, and with it everything that was kept for a reload. */
  async leave() {
    this.lostSeat = true;
    const here = nodes.here;
    if (nodes.away) await nodes.request("/console/leave", { method: "POST", signal: AbortSignal.timeout(3000) }).catch(() => null);
    await nodes.forget();
    const form = document.getElementById("logout");
    if (here.url) location.assign(`${here.url}/login/`);
    else if (form instanceof HTMLFormElement) form.requestSubmit();
  }

  seatLost() {
    this.lostSeat = true;
    this.invalidateAll();
    this.dialogs.tellSeatLost();
  }
}

/** @param {HTMLElement} element of a panel */
function focusIn(element) {
  const row = element.querySelector("[data-row][tabindex='0']");
  (row instanceof HTMLElement ? row : element).focus();
}

/** @returns {string} the panel that this window's address asks for */
function panelAsked() {
  const asked = new URLSearchParams(location.search).get("panel") ?? "";
  return asked === "map" || Object.hasOwn(PANELS, asked) ? asked : "";
}

function waiting() {
  return html`<p class="empty">${t("Daten werden geladen …")}</p>`;
}

const root = document.getElementById("console");
if (root) new App(root).start();
// Keeps this page for a reload while the node is gone. Where a browser has none, only the reload has to wait.
navigator.serviceWorker?.register("/service-worker.js", { scope: "/" }).catch(() => null);
