/** What the map shows, painted on a canvas: areas, names, stations, units, incidents, calls, the pin of the interview. */
import { t } from "./i18n.js";
import { keywordClass } from "./labels.js";
import { shortName } from "./look.js";
import { duration, secondsSince } from "./time.js";

/** @typedef {{areas: {id: string, rings: Float64Array[]}[], places: {name: string, weight: number, x: number, y: number}[]}} Geography */
/** @typedef {{kind: "unit" | "incident", id: string, x: number, y: number}} Target */
/** @typedef {{width: number, height: number, zoom: number, scale: number, left: number, top: number}} View */

/** A position older than this is shown as old. */
const OLD_SECONDS = 120;

/** @param {number} lon degrees @param {number} lat degrees @returns {{x: number, y: number}} Web Mercator, 0 to 1 */
export function mercator(lon, lat) {
  const sine = Math.sin((lat * Math.PI) / 180);
  return { x: lon / 360 + 0.5, y: 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI) };
}

/** Colours of the theme as it stands, by the names of the style sheet. @returns {Record<string, string>} */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const names = [
    "map-land", "map-own", "map-border", "map-own-border", "map-label", "map-halo", "map-station", "ink", "dim", "panel", "accent", "alarm",
    "fire", "technical", "hazmat", "medical", "transport", "special", "none", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9",
    "on1", "on2", "on3", "on4", "on5", "on6", "on7", "on8", "on9", "on0",
  ];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim() || "#888"]));
}

/**
 * @param {CanvasRenderingContext2D} pen @param {View} view @param {import("./app.js").App} app @param {Geography | null} geography
 * @param {Record<string, string>} colours
 * @returns {Target[]} what can be clicked
 */
export function paint(pen, view, app, geography, colours) {
  pen.clearRect(0, 0, view.width, view.height);
  /** @type {Target[]} */
  const targets = [];
  const scene = new Scene(pen, view, app, colours, targets);
  if (geography) scene.areas(geography);
  scene.stations();
  if (geography) scene.places(geography);
  scene.ties();
  scene.units();
  scene.incidents();
  scene.calls();
  scene.label();
  scene.pin();
  return targets;
}

class Scene {
  /**
   * @param {CanvasRenderingContext2D} pen @param {View} view @param {import("./app.js").App} app
   * @param {Record<string, string>} colours @param {Target[]} targets
   */
  constructor(pen, view, app, colours, targets) {
    this.pen = pen;
    this.view = view;
    this.app = app;
    this.state = app.state;
    this.colours = colours;
    this.targets = targets;
    /** Rectangles that are written on. @type {[number, number, number, number][]} */
    this.written = [];
    /** Words to write when everything else is drawn, the important first. @type {{rank: number, text: string, x: number, y: number, colour: string, font: string}[]} */
    this.words = [];
  }

  /** @param {number} rank 0: in any case @param {string} text @param {number} x @param {number} y @param {string} colour @param {string} [font] */
  word(rank, text, x, y, colour, font = "13px system-ui, sans-serif") {
    this.words.push({ rank, text, x, y, colour, font });
  }

  /** Write what has room. */
  label() {
    this.words.sort((a, b) => a.rank - b.rank);
    for (const { rank, text, x, y, colour, font } of this.words) {
      this.pen.font = font;
      if (this.takeRoom(x, y, this.pen.measureText(text).width) || rank === 0) this.write(text, x, y, colour, font);
    }
  }

  /** @param {string} name */
  colour(name) {
    return this.colours[name] ?? "#888";
  }

  /** @param {number} lon @param {number} lat */
  spot(lon, lat) {
    const { x, y } = mercator(lon, lat);
    return this.screen(x, y);
  }

  /** @param {number} x @param {number} y */
  screen(x, y) {
    return { x: x * this.view.scale - this.view.left, y: y * this.view.scale - this.view.top };
  }

  /** @param {{x: number, y: number}} point @param {number} [margin] */
  visible(point, margin = 40) {
    return point.x > -margin && point.y > -margin && point.x < this.view.width + margin && point.y < this.view.height + margin;
  }

  /** @param {string} text @param {number} x @param {number} y @param {string} colour @param {string} [font] */
  write(text, x, y, colour, font = "13px system-ui, sans-serif") {
    const { pen } = this;
    pen.font = font;
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    pen.lineWidth = 3;
    pen.strokeStyle = this.colour("map-halo");
    pen.strokeText(text, x, y);
    pen.fillStyle = colour;
    pen.fillText(text, x, y);
  }

  /** Whether a label still has room; if so, it takes it. @param {number} x @param {number} y @param {number} width */
  takeRoom(x, y, width) {
    const box = /** @type {[number, number, number, number]} */ ([x - 2, y - 8, x + width + 2, y + 8]);
    if (this.written.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) return false;
    this.written.push(box);
    return true;
  }

  /** @param {Geography} geography */
  areas(geography) {
    const own = this.app.me.centre;
    for (const pass of ["fill", "stroke"]) {
      for (const area of geography.areas) {
        const centre = this.state.master.counties[area.id]?.centre;
        const mine = Boolean(centre) && (!own || centre === own);
        this.trace(area.rings);
        if (pass === "fill") {
          this.pen.fillStyle = this.colour(mine ? "map-own" : "map-land");
          this.pen.fill("evenodd");
        } else {
          this.pen.lineWidth = mine ? 1.5 : 1;
          this.pen.strokeStyle = this.colour(mine ? "map-own-border" : "map-border");
          this.pen.stroke();
        }
      }
    }
  }

  /** @param {Float64Array[]} rings */
  trace(rings) {
    const { pen, view } = this;
    pen.beginPath();
    for (const ring of rings) {
      for (let i = 0; i < ring.length; i += 2) {
        const x = (ring[i] ?? 0) * view.scale - view.left;
        const y = (ring[i + 1] ?? 0) * view.scale - view.top;
        if (i === 0) pen.moveTo(x, y);
        else pen.lineTo(x, y);
      }
      pen.closePath();
    }
  }

  /** Names, the weighty first, as many as have room. @param {Geography} geography */
  places(geography) {
    const { zoom } = this.view;
    const least = zoom < 9 ? 20_000 : zoom < 10 ? 6_000 : zoom < 11 ? 2_000 : zoom < 12 ? 600 : 0;
    let left = 160;
    for (const place of geography.places) {
      if (place.weight < least || left === 0) continue;
      const at = this.screen(place.x, place.y);
      if (!this.visible(at, 0)) continue;
      const big = place.weight > 15_000;
      const font = `${big ? "600 " : ""}13px system-ui, sans-serif`;
      left -= 1;
      this.pen.fillStyle = this.colour("map-label");
      this.pen.fillRect(at.x - 1.5, at.y - 1.5, 3, 3);
      this.word(big ? 3 : 5, place.name, at.x + 5, at.y, this.colour("map-label"), font);
    }
  }

  stations() {
    if (this.view.zoom < 9.5) return;
    const big = this.view.zoom >= 12;
    for (const station of Object.values(this.state.master.stations)) {
      if (station.lon === null) continue;
      const at = this.spot(station.lon, station.lat);
      if (!this.visible(at)) continue;
      const size = big ? 9 : 5;
      this.pen.fillStyle = this.colour("map-station");
      this.pen.fillRect(at.x - size / 2, at.y - size / 2, size, size);
      if (big && this.view.zoom >= 13) this.word(6, station.name, at.x + 8, at.y, this.colour("dim"));
    }
  }

  /** Lines from the chosen incident to its units. */
  ties() {
    const incident = this.state.incidents[this.app.selection.chosen.incident ?? ""];
    if (!incident || incident.lon === null || incident.lat === null) return;
    const to = this.spot(incident.lon, incident.lat);
    this.pen.lineWidth = 1.5;
    this.pen.setLineDash([5, 4]);
    this.pen.strokeStyle = this.colour("accent");
    for (const one of incident.assignments) {
      const position = this.state.positions[one.unit];
      if (one.state === "ended" || !position) continue;
      const from = this.spot(position.lon, position.lat);
      this.pen.beginPath();
      this.pen.moveTo(from.x, from.y);
      this.pen.lineTo(to.x, to.y);
      this.pen.stroke();
    }
    this.pen.setLineDash([]);
  }

  units() {
    const chosen = this.app.selection.chosen.unit;
    const proposed = new Set(this.app.proposing.chosenRows().map((row) => row.unit));
    for (const unit of Object.values(this.state.units)) {
      const highlighted = unit.id === chosen || proposed.has(unit.id);
      const position = this.state.positions[unit.id];
      // What stands at its station is shown by the board; on the map it would only hide the rest.
      if (!highlighted && (unit.status === 2 || unit.status === 6) && !unit.incident) continue;
      const where = position ?? (highlighted || unit.incident ? this.state.master.stations[this.state.master.units[unit.id]?.station ?? ""] : undefined);
      if (!where || where.lon === null) continue;
      const at = this.spot(where.lon, where.lat);
      if (this.visible(at)) this.unit(unit, at, position, highlighted);
    }
  }

  /** @param {UnitLive} unit @param {{x: number, y: number}} at @param {Position | undefined} position @param {boolean} highlighted */
  unit(unit, at, position, highlighted) {
    const { pen } = this;
    const age = position ? (secondsSince(position.at) ?? 0) : Infinity;
    const old = age > OLD_SECONDS;
    pen.globalAlpha = old ? 0.55 : 1;
    if (position?.heading != null && (position.speed ?? 0) > 3) this.arrow(at, position.heading, unit.status);
    pen.beginPath();
    pen.arc(at.x, at.y, 8.5, 0, 2 * Math.PI);
    const alarmed = unit.incident !== null && unit.status <= 2;
    pen.fillStyle = this.colour(alarmed ? "panel" : old ? "s6" : `s${unit.status}`);
    pen.fill();
    pen.lineWidth = highlighted ? 3 : alarmed ? 2 : 1.5;
    pen.strokeStyle = this.colour(highlighted ? "accent" : alarmed ? "s3" : "map-halo");
    pen.stroke();
    pen.fillStyle = this.colour(alarmed ? "ink" : old ? "on6" : `on${unit.status}`);
    pen.font = "700 13px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(alarmed ? "A" : String(unit.status), at.x, at.y + 0.5);
    pen.textAlign = "start";
    if (this.view.zoom >= 11 || highlighted) {
      const text = old && position ? `${shortName(this.state, unit.id)} ${t("vor {age}", { age: duration(age) })}` : shortName(this.state, unit.id);
      this.word(highlighted ? 0 : 2, text, at.x + 11, at.y, this.colour("ink"));
    }
    pen.globalAlpha = 1;
    this.targets.push({ kind: "unit", id: unit.id, x: at.x, y: at.y });
  }

  /** @param {{x: number, y: number}} at @param {number} heading degrees @param {number} status */
  arrow(at, heading, status) {
    const { pen } = this;
    pen.save();
    pen.translate(at.x, at.y);
    pen.rotate((heading * Math.PI) / 180);
    pen.beginPath();
    pen.moveTo(0, -15);
    pen.lineTo(6, -6);
    pen.lineTo(-6, -6);
    pen.closePath();
    pen.fillStyle = this.colour(`s${status}`);
    pen.fill();
    pen.restore();
  }

  incidents() {
    const chosen = this.app.selection.chosen.incident;
    for (const incident of Object.values(this.state.incidents)) {
      if (incident.lon === null || incident.lat === null) continue;
      const at = this.spot(incident.lon, incident.lat);
      if (this.visible(at)) this.incident(incident, at, incident.id === chosen);
    }
  }

  /** @param {IncidentView} incident @param {{x: number, y: number}} at @param {boolean} chosen */
  incident(incident, at, chosen) {
    const { pen } = this;
    const waits = incident.assignments.length === 0 && !incident.appointment_at;
    const size = chosen ? 13 : 10;
    pen.beginPath();
    pen.moveTo(at.x, at.y - size);
    pen.lineTo(at.x + size, at.y);
    pen.lineTo(at.x, at.y + size);
    pen.lineTo(at.x - size, at.y);
    pen.closePath();
    pen.fillStyle = this.colour(keywordClass(incident.group ?? ""));
    pen.fill();
    pen.lineWidth = chosen ? 3 : 1.5;
    pen.strokeStyle = this.colour(chosen ? "ink" : "map-halo");
    pen.stroke();
    if (waits) {
      pen.beginPath();
      pen.arc(at.x, at.y, size + 5, 0, 2 * Math.PI);
      pen.lineWidth = 2.5;
      pen.strokeStyle = this.colour("alarm");
      pen.stroke();
    }
    this.word(chosen ? 0 : 1, incident.keyword ?? "?", at.x + size + 4, at.y, this.colour("ink"), "700 13px system-ui, sans-serif");
    this.targets.push({ kind: "incident", id: incident.id, x: at.x, y: at.y });
  }

  /** Where callers are, with the circle they are in. */
  calls() {
    for (const call of Object.values(this.state.calls)) {
      if (call.lon === null || call.lat === null || call.incident || (call.state !== "ringing" && call.state !== "answered" && call.state !== "held")) continue;
      const at = this.spot(call.lon, call.lat);
      const metresPerPixel = (40_075_016.7 * Math.cos((call.lat * Math.PI) / 180)) / this.view.scale;
      const radius = Math.max(6, (call.accuracy_m ?? 0) / metresPerPixel);
      this.pen.beginPath();
      this.pen.arc(at.x, at.y, radius, 0, 2 * Math.PI);
      this.pen.globalAlpha = 0.18;
      this.pen.fillStyle = this.colour("accent");
      this.pen.fill();
      this.pen.globalAlpha = 1;
      this.pen.lineWidth = 2;
      this.pen.strokeStyle = this.colour("accent");
      this.pen.stroke();
      this.write("☎", at.x - 6, at.y, this.colour("ink"), "700 14px system-ui, sans-serif");
    }
  }

  /** The spot of the interview. */
  pin() {
    const hit = this.app.intake.draft?.hit;
    if (!hit) return;
    const at = this.spot(hit.lon, hit.lat);
    const { pen } = this;
    pen.beginPath();
    pen.moveTo(at.x, at.y);
    pen.bezierCurveTo(at.x - 4, at.y - 12, at.x - 11, at.y - 14, at.x - 11, at.y - 22);
    pen.arc(at.x, at.y - 22, 11, Math.PI, 0);
    pen.bezierCurveTo(at.x + 11, at.y - 14, at.x + 4, at.y - 12, at.x, at.y);
    pen.closePath();
    pen.fillStyle = this.colour("alarm");
    pen.fill();
    pen.lineWidth = 2;
    pen.strokeStyle = this.colour("map-halo");
    pen.stroke();
    pen.beginPath();
    pen.arc(at.x, at.y - 22, 4, 0, 2 * Math.PI);
    pen.fillStyle = this.colour("map-halo");
    pen.fill();
  }
}
