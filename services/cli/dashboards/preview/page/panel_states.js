// States over time: a band for each row, coloured by state; a hole where nothing is known.

import { colour, configOf, isHidden, linkTo, nameOf, PALETTE, shown } from '/page/fields.js';
import { draw, surroundings, timeAxis, tooltip, whenOf } from '/page/charts.js';
import * as echarts from '/library/echarts.esm.min.mjs';

export function drawStates(body, panel, frames, context) {
  const bands = frames.flatMap((frame) => bandsOf(frame, panel, context)).slice(0, panel.options?.perPage ?? 100);
  const states = bands.flatMap((band, at) => band.states.map((state) => ({ ...state, band: at })));
  if (!states.length) return false;
  const tints = new Map();
  for (const state of states) tints.set(state.text, state.tint ?? tints.get(state.text) ?? PALETTE[tints.size % PALETTE.length]);
  const names = [...tints.keys()];
  const height = panel.options?.rowHeight ?? 0.9;
  draw(body, {
    ...surroundings(context, panel.options?.legend?.showLegend === false ? [] : names),
    xAxis: { ...timeAxis(context), splitLine: { show: false } },
    yAxis: {
      type: 'category', data: bands.map(({ name }) => name), inverse: true, axisTick: { show: false }, axisLine: { show: false },
      axisLabel: { color: context.mutedColour, width: Math.min(280, body.clientWidth * 0.3), overflow: 'truncate', interval: 0 },
    },
    series: names.map((text) => ({
      type: 'custom', name: text, color: tints.get(text), clip: true, encode: { x: [1, 2], y: 0 },
      renderItem: (_, api) => rectangle(api, height),
      data: states.filter((state) => state.text === text).map((state) => ({
        value: [state.band, state.from + context.offset, state.to + context.offset],
      })),
    })),
    tooltip: tooltip(context, 'item', ([{ value, seriesName, color }]) => ({
      title: bands[value[0]].name,
      rows: [{ name: `${whenOf(context, value[1])} – ${whenOf(context, value[2])}`, value: seriesName, tint: color }],
    })),
  }, ({ value }) => follow(bands[value[0]], value[1] - context.offset, panel, context));
  return true;
}

function bandsOf(frame, panel, context) {
  const time = frame.fields.find((field) => field.type === 'time');
  if (!time) return [];
  return frame.fields.filter((field) => field !== time && field.type !== 'time')
    .map((field) => ({ field, config: configOf(field, panel) }))
    .filter(({ config }) => !isHidden(config))
    .map(({ field, config }) => ({ name: nameOf(field, config), field, frame, config, states: merged(time, field, config, context) }));
}

/** One stretch for each run of the same state; it lasts until the next row, the last one until the end of the view. */
function merged(time, field, config, context) {
  const stretches = [];
  field.values.forEach((value, at) => {
    const last = stretches.at(-1);
    if (last && !last.over) last.to = time.values[at];
    const told = shown(value, field, config, context);
    if (value === null || value === '') { if (last) last.over = true; return; }
    if (last && !last.over && last.text === told.text) return;
    stretches.push({ text: told.text, tint: told.colour ?? (config.color?.fixedColor ? colour(config.color.fixedColor, context) : null), from: time.values[at], to: time.values[at], over: false });
    if (last) last.over = true;
  });
  const last = stretches.at(-1);
  if (last && !last.over) last.to = context.to;
  return stretches.map((one) => ({ ...one, from: Math.max(one.from, context.from), to: Math.min(one.to, context.to) })).filter(({ from, to }) => to > from);
}

function rectangle(api, height) {
  const from = api.coord([api.value(1), api.value(0)]);
  const to = api.coord([api.value(2), api.value(0)]);
  const tall = api.size([0, 1])[1] * height;
  const area = api.getWidth && { x: 0, y: 0, width: api.getWidth(), height: api.getHeight() };
  const shape = echarts.graphic.clipRectByRect({ x: from[0], y: from[1] - tall / 2, width: Math.max(to[0] - from[0], 1), height: tall }, area);
  return shape && { type: 'rect', shape, style: { fill: api.visual('color'), opacity: 0.85 } };
}

function follow({ config, frame, field, name }, time, panel, context) {
  const [link] = config.links ?? [];
  const address = link ? linkTo(link, { frame, panel, name, labels: field.labels, time }, context) : '';
  if (address) open(address, '_blank', 'noopener');
}
