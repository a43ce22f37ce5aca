// Curves over time. A hole in the data is a hole in the curve.

import { colour, configOf, isHidden, linkTo, nameOf, PALETTE, shown } from '/page/fields.js';
import { curves } from '/page/frames.js';
import { draw, timeLabels, surroundings, timeAxis, tooltip, valueAxis, whenOf } from '/page/charts.js';
import { formatted } from '/page/units.js';

export function drawSeries(body, panel, frames, context) {
  const all = frames.flatMap((frame) => curves(frame)).flatMap((frame) => curvesOf(frame, panel));
  if (!all.some(({ field }) => field.values.some((value) => value !== null))) return false;
  const [first] = all;
  const series = all.map((one, at) => serie(one, at, panel, context));
  if (first.config.custom.thresholdsStyle?.mode && first.config.custom.thresholdsStyle.mode !== 'off') series[0].markLine = thresholdLines(first.config, context);
  const units = [...new Set(all.map(({ config }) => config.unit ?? 'none'))].slice(0, 2);
  const rows = (parameters) => ({
    title: whenOf(context, parameters[0].axisValue ?? parameters[0].value[0]),
    rows: parameters.filter(({ value }) => value[1] !== null).sort((a, b) => b.value[1] - a.value[1]).map(({ seriesIndex, value, color }) => {
      const one = all[seriesIndex];
      return { name: one.name, value: shown(value[1], one.field, one.config, context).text, tint: color };
    }),
  });
  draw(body, {
    ...surroundings(context, panel.options?.legend?.showLegend === false ? [] : [...new Set(all.map(({ name }) => name))]),
    xAxis: timeAxis(context),
    yAxis: units.map((unit, at) => valueAxis(context, (value) => formatted(value, unit, null, context), {
      position: at ? 'right' : 'left', ...timeLabels(unit, highest(all, unit)), ...bounds(all, unit), splitLine: { show: !at, lineStyle: { color: context.lineColour } },
      minInterval: unit === 'none' && all.every(({ field }) => field.values.every((value) => value === null || Number.isInteger(value))) ? 1 : 0,
    })),
    series: series.map((one, at) => ({ ...one, yAxisIndex: Math.max(0, units.indexOf(all[at].config.unit ?? 'none')) })),
    tooltip: tooltip(context, 'axis', rows),
  }, ({ seriesIndex, value }) => follow(all[seriesIndex], value, panel, context));
  return true;
}

function curvesOf(frame, panel) {
  const time = frame.fields.find((field) => field.type === 'time');
  if (!time) return [];
  return frame.fields
    .filter((field) => field.type === 'number')
    .map((field) => { const config = configOf(field, panel); return { field, config, time, frame, name: nameOf(field, config) }; })
    .filter(({ config }) => !isHidden(config));
}

function serie({ field, config, time, name }, at, panel, context) {
  const { custom } = config;
  const tint = config.color?.mode === 'fixed' ? colour(config.color.fixedColor, context) : PALETTE[at % PALETTE.length];
  const data = points(time.values, field.values, custom, context);
  const every = custom.showPoints === 'always' || custom.drawStyle === 'points';
  const alone = lonely(data);
  const size = custom.pointSize ?? 4;
  return {
    type: custom.drawStyle === 'bars' ? 'bar' : 'line', name, data, color: tint, connectNulls: custom.spanNulls === true,
    step: { stepAfter: 'end', stepBefore: 'start' }[custom.lineInterpolation] ?? false,
    showSymbol: every || alone.size > 0, symbolSize: (_, { dataIndex }) => (every || alone.has(dataIndex) ? size : 0),
    lineStyle: { width: custom.drawStyle === 'points' ? 0 : Math.max(custom.lineWidth ?? 1, 1.4) },
    areaStyle: custom.fillOpacity ? { opacity: custom.fillOpacity / 100 } : undefined,
    stack: custom.stacking?.mode === 'normal' ? custom.stacking.group ?? 'A' : undefined, sampling: undefined,
  };
}

/** Which points stand alone between two holes: a line would not show them. */
function lonely(data) {
  const known = (at) => (data[at]?.[1] ?? null) !== null;
  return new Set([...data.keys()].filter((at) => known(at) && !known(at - 1) && !known(at + 1)));
}

function points(times, values, custom, context) {
  const apart = typeof custom.insertNulls === 'number' ? custom.insertNulls : Infinity;
  const made = [];
  times.forEach((time, at) => {
    const before = made.at(-1);
    if (before && time + context.offset - before[0] > apart) made.push([before[0] + 1, null]);
    made.push([time + context.offset, values[at]]);
  });
  return made;
}

function bounds(all, unit) {
  const told = Object.entries({ min: bound(all, unit, 'min'), max: bound(all, unit, 'max') });
  return Object.fromEntries(told.filter(([, value]) => value !== undefined));
}

function bound(all, unit, which) {
  const told = all.filter(({ config }) => (config.unit ?? 'none') === unit).map(({ config }) => config[which]).filter((value) => value !== undefined && value !== null);
  if (told.length) return told[0];
  const soft = all[0].config.custom[which === 'min' ? 'axisSoftMin' : 'axisSoftMax'];
  if (soft === undefined) return undefined;
  return which === 'min' ? ({ min }) => Math.min(min, soft) : ({ max }) => Math.max(max, soft);
}

/** The highest value of the curves with a unit; of stacked ones the highest sum. */
function highest(all, unit) {
  const fitting = all.filter(({ config }) => (config.unit ?? 'none') === unit);
  const tops = fitting.map(({ field }) => field.values.reduce((top, value) => Math.max(top, value ?? 0), 0));
  return fitting[0]?.config.custom.stacking?.mode === 'normal' ? tops.reduce((sum, top) => sum + top, 0) : Math.max(0, ...tops);
}

function thresholdLines(config, context) {
  const steps = (config.thresholds?.steps ?? []).filter(({ value }) => value !== null && value !== undefined);
  return {
    silent: true, symbol: 'none', label: { show: false },
    data: steps.map(({ value, color }) => ({ yAxis: value, lineStyle: { color: colour(color, context), type: 'dashed', opacity: 0.7 } })),
  };
}

function follow({ config, frame, field, name }, [shifted], panel, context) {
  const [link] = config.links ?? [];
  const address = link ? linkTo(link, { frame, panel, name, labels: field.labels, time: shifted - context.offset }, context) : '';
  if (address) open(address, '_blank', 'noopener');
}
