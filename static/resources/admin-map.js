// @ts-check
// Maps of the administration: the county borders as background, for there are no tiles without the internet.

/** @param {any} map a Leaflet map */
async function drawBorders(map) {
  const answer = await fetch("/admin/resources/county/outlines/", { credentials: "same-origin" });
  if (!answer.ok) return;
  const leaflet = /** @type {any} */ (window).L;
  leaflet
    .geoJSON(await answer.json(), { interactive: false, style: { color: "#417690", weight: 1, fillOpacity: 0.05 } })
    .addTo(map)
    .bringToBack();
}

window.addEventListener("map:init", (event) => {
  drawBorders(/** @type {CustomEvent} */ (event).detail.map);
});
