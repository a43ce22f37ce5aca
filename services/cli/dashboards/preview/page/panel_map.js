// Places on a plain graticule: where Grafana has tiles of a map server, the preview has degrees and district names.

import { colour, configOf, isHidden, linkTo, nameOf, shown } from '/page/fields.js';
import { draw, surroundings, tooltip, valueAxis } from '/page/charts.js';

export function drawMap(body, panel, frames, context) {
  const layer = panel.options?.layers?.[0] ?? {};
  const location = layer.location ?? {};
  const frame = frames.find((one) => column(one, location.latitude ?? 'latitude') && column(one, location.longitude ?? 'longitude'));
  if (!frame) return false;
  const [latitudes, longitudes] = [column(frame, location.latitude ?? 'latitude').values, column(frame, location.longitude ?? 'longitude').values];
  const { color: tinted = {}, size = {} } = layer.config?.style ?? {};
  const by = column(frame, tinted.field);
  const byConfig = by && configOf(by, panel);
  const groups = new Map();
  latitudes.forEach((latitude, row) => {
    if (latitude === null || longitudes[row] === null || (latitude === 0 && longitudes[row] === 0)) return;
    const told = by ? shown(by.values[row], by, byConfig, context) : { text: layer.name ?? '' };
    if (!groups.has(told.text)) groups.set(told.text, { tint: told.colour ?? colour(tinted.fixed, context), rows: [] });
    groups.get(told.text).rows.push(row);
  });
  if (!groups.size) return false;
  const order = [...(by ? mappedOrder(byConfig) : [])];
  const names = [...groups.keys()].sort((a, b) => order.indexOf(b) - order.indexOf(a));
  const place = (row) => [longitudes[row], latitudes[row], row];
  const view = fitted([...groups.values()].flatMap(({ rows }) => rows.map(place)), body);
  const axis = ([min, max]) => ({ min, max, bounded: true, splitLine: { lineStyle: { color: context.lineColour, type: 'dotted' } } });
  const degrees = (value) => `${value.toFixed(2)}°`;
  const frameOfMap = surroundings(context, names.toReversed());
  draw(body, {
    ...frameOfMap, legend: { ...frameOfMap.legend, icon: 'circle', itemHeight: 10, itemWidth: 10 },
    xAxis: valueAxis(context, degrees, axis(view.x)), yAxis: valueAxis(context, degrees, axis(view.y)),
    dataZoom: [{ type: 'inside', xAxisIndex: 0, filterMode: 'none', zoomOnMouseWheel: 'shift' }, { type: 'inside', yAxisIndex: 0, filterMode: 'none', zoomOnMouseWheel: 'shift' }],
    series: [
      ...names.map((name) => ({
        type: 'scatter', name, color: groups.get(name).tint, symbolSize: (size.fixed ?? 6) * 1.3, large: false, clip: true,
        itemStyle: { opacity: 0.85, borderColor: context.panelColour, borderWidth: 0.5 }, data: groups.get(name).rows.map(place),
      })),
      districts(frame, place, context),
    ],
    tooltip: tooltip(context, 'item', ([{ value, seriesName, color }]) => detailsOf(frame, value[2], panel, context, { seriesName, color })),
  }, ({ value }) => follow(frame, value[2], panel, context));
  return true;
}

const column = (frame, name) => frame.fields.find((field) => field.name === name);
const mappedOrder = (config) => Object.values(config.mappings?.[0]?.options ?? {}).map((one) => one.text);

/** Names of districts in the midst of their places. */
function districts(frame, place, context) {
  const names = column(frame, 'kecamatan')?.values ?? [];
  const middles = new Map();
  names.forEach((name, row) => {
    const [x, y] = place(row);
    if (!name || x === null || y === null || (x === 0 && y === 0)) return;
    const sum = middles.get(name) ?? [0, 0, 0];
    middles.set(name, [sum[0] + x, sum[1] + y, sum[2] + 1]);
  });
  return {
    type: 'scatter', silent: true, symbolSize: 0, tooltip: { show: false }, z: 5, clip: true,
    data: [...middles].map(([name, [x, y, count]]) => ({ name, value: [x / count, y / count] })),
    label: { show: true, formatter: ({ name }) => name, color: context.textColour, fontSize: 12, fontWeight: 600, textBorderColor: context.panelColour, textBorderWidth: 4 },
    labelLayout: { hideOverlap: true },
  };
}

/** Bounds of the places with a margin, in the shape of the panel: a kilometre is as long upwards as sideways. */
function fitted(places, body) {
  const along = (at) => places.map((one) => one[at]);
  const [west, east, south, north] = [Math.min(...along(0)), Math.max(...along(0)), Math.min(...along(1)), Math.max(...along(1))];
  const shrink = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const high = Math.max(north - south, 0.01) * 1.12;
  const wide = Math.max(east - west, 0.01) * 1.12;
  const shape = Math.max(body.clientWidth - 70, 100) / Math.max(body.clientHeight - 60, 100);
  const degreesHigh = Math.max(high, (wide * shrink) / shape);
  const degreesWide = (degreesHigh * shape) / shrink;
  const round = (value) => Math.round(value * 1000) / 1000;
  return {
    x: [round((west + east - degreesWide) / 2), round((west + east + degreesWide) / 2)],
    y: [round((south + north - degreesHigh) / 2), round((south + north + degreesHigh) / 2)],
  };
}

function detailsOf(frame, row, panel, context, { seriesName, color }) {
  const rows = frame.fields
    .map((field) => ({ field, config: configOf(field, panel) }))
    .filter(({ field, config }) => !isHidden(config) && !['latitude', 'longitude'].includes(field.name))
    .map(({ field, config }) => ({ name: nameOf(field, config), value: shown(field.values[row], field, config, context).text }));
  return { title: seriesName, rows: rows.map((one, at) => (at ? one : { ...one, tint: color })) };
}

function follow(frame, row, panel, context) {
  for (const field of frame.fields) {
    const [link] = configOf(field, panel).links ?? [];
    const address = link ? linkTo(link, { row, frame, panel, labels: field.labels }, context) : '';
    if (address) { open(address, '_blank', 'noopener'); return; }
  }
}
