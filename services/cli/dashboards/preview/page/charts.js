// What all charts share: their colours, grid, tooltip and time axis.

import * as echarts from '/library/echarts.esm.min.mjs';
import { element } from '/page/fields.js';
import { axisLabel, written } from '/page/times.js';

/** Draw an option into a panel's body; the chart follows its size until it is drawn anew. */
export function draw(body, option, onClick) {
  const holder = element('div', 'chart');
  body.replaceChildren(holder);
  const chart = echarts.init(holder, null, { renderer: 'canvas' });
  chart.setOption(option);
  if (onClick) chart.on('click', onClick);
  const observer = new ResizeObserver(() => (holder.isConnected ? chart.resize() : observer.disconnect()));
  observer.observe(holder);
  body.dispose = () => { observer.disconnect(); chart.dispose(); };
  return chart;
}

export function surroundings(context, legendNames) {
  const text = { color: context.textColour, fontSize: 12, fontFamily: context.font };
  return {
    animation: false, useUTC: true, backgroundColor: 'transparent', textStyle: text,
    grid: { left: 8, right: 16, top: 14, bottom: legendNames.length ? 30 : 6, containLabel: true },
    legend: legendNames.length ? {
      type: 'scroll', bottom: 2, left: 4, height: 22, data: legendNames, icon: 'roundRect', itemWidth: 14, itemHeight: 4, itemGap: 14,
      textStyle: { ...text, lineHeight: 18 }, formatter: (name) => (name.length > 44 ? `${name.slice(0, 43)}…` : name), inactiveColor: context.mutedColour,
      pageTextStyle: { color: context.mutedColour }, pageIconColor: context.textColour, pageIconInactiveColor: context.lineColour,
    } : undefined,
  };
}

export function timeAxis(context) {
  const period = context.to - context.from;
  return {
    type: 'time', min: context.from + context.offset, max: context.to + context.offset, splitNumber: 6,
    axisLabel: { color: context.mutedColour, hideOverlap: true, formatter: (value) => axisLabel(value, period) },
    axisLine: { lineStyle: { color: context.lineColour } }, axisTick: { show: false },
    splitLine: { show: true, lineStyle: { color: context.lineColour } },
  };
}

export function valueAxis(context, format, rest = {}) {
  return {
    type: 'value', axisLabel: { color: context.mutedColour, formatter: format, hideOverlap: true, showMinLabel: !rest.bounded, showMaxLabel: !rest.bounded }, axisLine: { show: false },
    splitLine: { lineStyle: { color: context.lineColour } }, ...rest,
  };
}

const SECONDS = { ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400 };
const ROUND_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000, 604800, 1209600, 2592000];

/** The labels of an axis whose unit is a time: "15 min", never "16.7 min"; of another unit as the library likes. */
export function timeLabels(unit, highest) {
  const seconds = highest * SECONDS[unit];
  const apart = seconds > 5 && ROUND_S.find((one) => seconds / one <= 6);
  if (!apart) return {};
  const interval = apart / SECONDS[unit];
  return { interval, max: Math.ceil(highest / interval) * interval };
}

/** A tooltip made of elements: names out of the database stay text. */
export function tooltip(context, trigger, rowsOf) {
  return {
    trigger, confine: true, backgroundColor: context.panelColour, borderColor: context.lineColour, padding: 8,
    textStyle: { color: context.textColour, fontSize: 12 },
    axisPointer: { type: 'line', lineStyle: { color: context.mutedColour } },
    formatter: (parameters) => {
      const { title, rows } = rowsOf(Array.isArray(parameters) ? parameters : [parameters]);
      const box = element('div', 'tip');
      box.append(element('strong', '', title));
      for (const { name, value, tint } of rows.slice(0, 14)) {
        const line = element('div');
        const dot = element('i');
        dot.style.background = tint ?? 'transparent';
        line.append(dot, element('span', '', name), element('b', '', value));
        box.append(line);
      }
      return box;
    },
  };
}

export const whenOf = (context, shiftedMs) => written(shiftedMs - context.offset, context.zone);
