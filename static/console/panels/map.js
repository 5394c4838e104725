/**
 * The map: areas and names of the reference data, live units and incidents, all on one canvas; no tile is ever asked
 * for. Every call of Leaflet is in this file, what is drawn is in scene.js.
 */
import * as L from "../../vendor/leaflet/leaflet-src.esm.js";
import { read } from "../commands.js";
import { render } from "../html.js";
import { t } from "../i18n.js";
import { ICONS } from "../icons.js";
import { keywordClass } from "../labels.js";
import { spokenName } from "../look.js";
import { mercator, paint, palette } from "../scene.js";
import { showPlace } from "./interview.js";

const NEAR_PX = 14;
const CLOSE_ZOOM = 12.5;
const REGION = /** @type {[number, number][]} */ ([[50.36, 11.2], [51.12, 12.55]]);

export class MapPanel {
  /** @param {import("../app.js").App} app @param {HTMLElement} element */
  constructor(app, element) {
    this.app = app;
    this.element = element;
    const holder = document.createElement("div");
    holder.className = "holder";
    this.head = document.createElement("div");
    this.head.className = "maptools";
    element.append(holder, this.head);
    this.map = L.map(holder, {
      center: [50.85, 11.9], zoom: 9, minZoom: 7, maxZoom: 18, zoomAnimation: false, fadeAnimation: false,
      markerZoomAnimation: false, attributionControl: false, zoomSnap: 0.5, keyboardPanDelta: 120, zoomControl: false,
    });
    L.control.zoom({ position: "topright", zoomInTitle: t("näher"), zoomOutTitle: t("weiter weg") }).addTo(this.map);
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(this.map);
    this.source = L.control.attribution({ prefix: false, position: "bottomleft" }).addTo(this.map);
    this.canvas = document.createElement("canvas");
    this.map.getPanes().overlayPane.append(this.canvas);
    /** @type {import("../scene.js").Geography | null} */
    this.geography = null;
    /** @type {import("../scene.js").Target[]} */
    this.targets = [];
    this.colours = palette();
    this.asked = false;
    this.moved = false;
    this.map.on("move zoomend resize viewreset", () => this.ask());
    this.map.on("dragstart", () => (this.moved = true));
    holder.addEventListener("wheel", () => (this.moved = true), { passive: true });
    this.map.on("click", (event) => this.click(event));
    this.map.on("mousemove", (event) => this.hover(event));
    this.map.on("contextmenu", (event) => this.newHere(event));
    new ResizeObserver(() => this.map.invalidateSize({ animate: false })).observe(holder);
    addEventListener("themechange", () => {
      this.colours = palette();
      this.ask();
    });
    this.relabel();
    setInterval(() => this.ask(), 5000);
    void this.load();
  }

  relabel() {
    const button = document.createElement("button");
    button.className = "chip";
    button.textContent = t("Gebiet");
    button.title = t("das ganze Gebiet zeigen");
    button.onclick = () => this.fit();
    const own = document.createElement("button");
    own.className = "icon";
    render(ICONS.window(), own);
    own.title = t("in eigenem Fenster");
    own.setAttribute("aria-label", own.title);
    own.onclick = () => this.app.acts.openWindow("map");
    this.head.replaceChildren(button, ...(this.app.alone ? [] : [own]));
    this.map.getContainer().setAttribute("aria-label", t("Karte: Pfeiltasten verschieben, + und − zoomen"));
  }

  async load() {
    try {
      const answer = await read("/console/geography");
      this.geography = {
        areas: Object.entries(answer.areas).map(([id, geometry]) => ({ id, rings: ringsOf(geometry) })),
        places: answer.places.map((/** @type {{name: string, lon: number, lat: number, weight: number}} */ place) => ({
          name: place.name, weight: place.weight, ...mercator(place.lon, place.lat),
        })),
      };
      this.source.addAttribution(String(answer.attribution));
      this.fit();
    } catch {
      // Without its background the map still shows units and incidents; the next try comes with patience.
      setTimeout(() => void this.load(), 5000);
    }
    this.ask();
  }

  /** Show the counties of the own centre, or the region. */
  fit() {
    const own = (this.geography?.areas ?? []).filter((area) => {
      const centre = this.app.state.master.counties[area.id]?.centre;
      return centre && (!this.app.me.centre || centre === this.app.me.centre);
    });
    const bounds = L.latLngBounds([]);
    for (const area of own) for (const ring of area.rings) for (let i = 0; i < ring.length; i += 2) bounds.extend(unproject(ring[i] ?? 0, ring[i + 1] ?? 0));
    this.map.fitBounds(bounds.isValid() ? bounds.pad(0.03) : L.latLngBounds(REGION), { animate: false });
  }

  /** @param {Set<Topic>} topics */
  changed(topics) {
    if (topics.has("master") && this.geography && !this.moved) this.fit();
    if (["units", "positions", "incidents", "calls", "master"].some((topic) => topics.has(/** @type {Topic} */ (topic)))) this.ask();
  }

  /** @param {import("../selection.js").Chosen} change */
  selected(change) {
    if (change.look) this.look(change.look);
    else if (change.incident) {
      const incident = this.app.state.incidents[change.incident];
      if (incident && incident.lon !== null && incident.lat !== null) this.showSpot(incident.lon, incident.lat);
    }
    this.ask();
  }

  /** Bring a spot into sight, only if it is not. @param {number} lon @param {number} lat */
  showSpot(lon, lat) {
    if (!this.map.getBounds().pad(-0.1).contains([lat, lon])) this.map.panTo([lat, lon], { animate: false });
  }

  /** @param {{lon: number, lat: number}} spot */
  look(spot) {
    this.moved = true;
    this.map.setView([spot.lat, spot.lon], Math.max(this.map.getZoom(), CLOSE_ZOOM), { animate: false });
  }

  ask() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.draw();
    });
  }

  draw() {
    const size = this.map.getSize();
    if (!size.x || !size.y) return;
    const ratio = devicePixelRatio || 1;
    const wide = Math.round(size.x * ratio);
    const high = Math.round(size.y * ratio);
    if (this.canvas.width !== wide || this.canvas.height !== high) {
      this.canvas.width = wide;
      this.canvas.height = high;
      this.canvas.style.width = `${size.x}px`;
      this.canvas.style.height = `${size.y}px`;
    }
    L.DomUtil.setPosition(this.canvas, this.map.containerPointToLayerPoint([0, 0]));
    const context = this.canvas.getContext("2d");
    if (!context) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const zoom = this.map.getZoom();
    const corner = this.map.getPixelBounds().min ?? L.point(0, 0);
    this.targets = paint(context, {
      width: size.x, height: size.y, zoom, scale: 256 * 2 ** zoom, left: corner.x, top: corner.y,
    }, this.app, this.geography, this.colours);
  }

  /** @param {L.Point} point */
  targetAt(point) {
    let best = null;
    let gap = NEAR_PX;
    for (const target of this.targets) {
      const away = Math.hypot(target.x - point.x, target.y - point.y) - (target.kind === "incident" ? 4 : 0);
      if (away < gap) {
        gap = away;
        best = target;
      }
    }
    return best;
  }

  /** @param {L.LeafletMouseEvent} event */
  hover(event) {
    const target = this.targetAt(event.containerPoint);
    const drafting = this.app.intake.draft && !this.app.intake.draft.incident;
    const holder = this.map.getContainer();
    holder.style.cursor = target ? "pointer" : drafting ? "crosshair" : "";
    holder.title = target ? this.nameOf(target) : "";
  }

  /** @param {import("../scene.js").Target} target @returns {string} */
  nameOf(target) {
    const { state } = this.app;
    if (target.kind === "unit") return `${spokenName(state, target.id)} · ${t("Status")} ${state.units[target.id]?.status ?? "?"}`;
    const incident = state.incidents[target.id];
    return incident ? `${incident.number} ${incident.keyword ?? ""} ${incident.place} (${keywordClass(incident.group ?? "")})` : "";
  }

  /** @param {L.LeafletMouseEvent} event */
  click(event) {
    const target = this.targetAt(event.containerPoint);
    const { intake, acts } = this.app;
    if (target?.kind === "incident") acts.openIncident(target.id);
    else if (target?.kind === "unit") acts.openUnit(target.id);
    else if (intake.draft && !intake.draft.incident) this.setSpot(event.latlng);
  }

  /** @param {L.LeafletMouseEvent} event */
  newHere(event) {
    if (!this.app.intake.draft) this.app.intake.openEmpty();
    this.setSpot(event.latlng);
  }

  /** @param {L.LatLng} spot */
  setSpot(spot) {
    this.app.intake.setSpot(Number(spot.lng.toFixed(6)), Number(spot.lat.toFixed(6)));
    showPlace(this.app.intake.draft?.place ?? "");
    this.ask();
  }
}

/** @param {{type: string, coordinates: any}} geometry @returns {Float64Array[]} rings in Mercator, x and y in turn */
function ringsOf(geometry) {
  const polygons = geometry.type === "MultiPolygon" ? geometry.coordinates : [geometry.coordinates];
  /** @type {Float64Array[]} */
  const rings = [];
  for (const polygon of polygons) {
    for (const ring of polygon) {
      const flat = new Float64Array(ring.length * 2);
      for (let i = 0; i < ring.length; i += 1) {
        const { x, y } = mercator(ring[i][0], ring[i][1]);
        flat[2 * i] = x;
        flat[2 * i + 1] = y;
      }
      rings.push(flat);
    }
  }
  return rings;
}

/** @param {number} x @param {number} y @returns {[number, number]} latitude and longitude in degrees */
function unproject(x, y) {
  return [(Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI, x * 360 - 180];
}
