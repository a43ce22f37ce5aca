// Bars over names, upright or lying.

import { colour, configOf, isHidden, legibleOn, nameOf, PALETTE, shown, thresholdColour } from '/page/fields.js';
import { length } from '/page/frames.js';
import { draw, timeLabels, surroundings, tooltip, valueAxis } from '/page/charts.js';
import { formatted } from '/page/units.js';

export function drawBars(body, panel, frames, context) {
  const frame = frames.find((one) => length(one) > 0);
  if (!frame) return false;
  const { xField, orientation = 'auto', stacking = 'none', showValue = 'auto' } = panel.options ?? {};
  const over = frame.fields.find((field) => field.name === xField) ?? frame.fields.find((field) => field.type !== 'number') ?? frame.fields[0];
  const bars = frame.fields.filter((field) => field !== over && field.type === 'number')
    .map((field) => { const config = configOf(field, panel); return { field, config, name: nameOf(field, config) }; })
    .filter(({ config }) => !isHidden(config));
  if (!bars.some(({ field }) => field.values.some((value) => value !== null))) return false;
  const overConfig = configOf(over, panel);
  const names = over.values.map((value) => shown(value, over, overConfig, context).text);
  const lying = orientation === 'horizontal' || (orientation === 'auto' && body.clientHeight > body.clientWidth);
  const unit = bars[0].config.unit ?? 'none';
  const sums = names.map((_, row) => bars.map(({ field }) => field.values[row] ?? 0).reduce((a, b) => (stacking === 'normal' ? a + b : Math.max(a, b)), 0));
  const values = valueAxis(context, (value) => formatted(value, unit, null, context), timeLabels(unit, Math.max(...sums)));
  const longest = Math.max(...bars.flatMap(({ field, config }) => field.values.map((value) => shown(value, field, config, context).text.length)));
  const room = ((body.clientWidth - 70) / names.length) * 0.9 / (stacking === 'normal' ? 1 : bars.length);
  const categories = {
    type: 'category', data: names, inverse: lying, axisTick: { show: false }, axisLine: { lineStyle: { color: context.lineColour } },
    axisLabel: { color: context.mutedColour, width: lying ? 180 : undefined, overflow: 'truncate', hideOverlap: !lying, interval: 'auto' },
  };
  const tintOf = ({ config }, at) => (config.color?.mode === 'fixed' ? colour(config.color.fixedColor, context) : PALETTE[at % PALETTE.length]);
  const label = (one, tint) => ({
    show: showValue === 'always' || (showValue === 'auto' && (lying ? names.length * bars.length <= 40 : longest * 8 <= room)),
    position: stacking === 'normal' ? 'inside' : lying ? 'right' : 'top', color: stacking === 'normal' ? legibleOn(tint) : context.textColour, fontSize: 11,
    formatter: ({ value }) => (value ? shown(value, one.field, one.config, context).text : ''),
  });
  const around = surroundings(context, panel.options?.legend?.showLegend === false ? [] : bars.map(({ name }) => name));
  draw(body, {
    ...around, grid: { ...around.grid, right: lying ? 40 : around.grid.right },
    xAxis: lying ? values : categories, yAxis: lying ? categories : values,
    series: bars.map((one, at) => ({
      type: 'bar', name: one.name, stack: stacking === 'normal' ? 'A' : undefined, barMaxWidth: 60, labelLayout: { hideOverlap: true }, label: label(one, tintOf(one, at)),
      color: tintOf(one, at), itemStyle: { opacity: 0.9 },
      data: one.field.values.map((value) => {
        const tint = one.config.color?.mode === 'thresholds' ? thresholdColour(value, one.config, context) : null;
        return tint ? { value, itemStyle: { color: tint } } : value;
      }),
    })),
    tooltip: tooltip(context, 'axis', (parameters) => ({
      title: parameters[0].name,
      rows: parameters.map(({ seriesIndex, value, color }) => {
        const one = bars[seriesIndex];
        return { name: one.name, value: shown(value ?? null, one.field, one.config, context).text, tint: color };
      }),
    })),
  });
  return true;
}
