// Single figures, large, in the colour of their threshold; with a small curve where there is one.

import { colour, configOf, element, isHidden, legibleOn, linkTo, nameOf, shown } from '/page/fields.js';
import { length } from '/page/frames.js';

const CALCULATIONS = {
  lastNotNull: (values) => values.findLast((value) => value !== null) ?? null,
  last: (values) => values.at(-1) ?? null,
  firstNotNull: (values) => values.find((value) => value !== null) ?? null,
  sum: (values) => values.reduce((sum, value) => sum + (value ?? 0), 0),
  max: (values) => extreme(values, Math.max),
  min: (values) => extreme(values, Math.min),
  mean: (values) => { const known = values.filter((value) => value !== null); return known.length ? known.reduce((a, b) => a + b, 0) / known.length : null; },
  count: (values) => values.length,
};

const extreme = (values, of) => { const known = values.filter((value) => value !== null); return known.length ? of(...known) : null; };

export function drawStat(body, panel, frames, context) {
  const { reduceOptions = {}, colorMode = 'value', graphMode = 'none' } = panel.options ?? {};
  const calculate = CALCULATIONS[reduceOptions.calcs?.[0] ?? 'lastNotNull'];
  const figures = frames.flatMap((frame) => figuresOf(frame, panel, reduceOptions.fields ?? '').map((one) => ({ ...one, frame })));
  if (!figures.length) return false;
  const holder = element('div', 'stats');
  for (const { field, config, frame } of figures) {
    const value = calculate(field.values);
    const told = shown(value, field, config, context);
    const tint = told.colour ?? (config.color?.mode === 'fixed' ? colour(config.color.fixedColor, context) : context.textColour);
    const tile = element('div', 'stat');
    const address = config.links?.length ? linkTo(config.links[0], { row: length(frame) - 1, frame, panel, labels: field.labels }, context) : '';
    const number = element(address ? 'a' : 'div', told.empty ? 'figure none' : 'figure', told.text);
    if (address) { number.href = address; number.target = '_blank'; number.rel = 'noopener'; }
    number.style.fontSize = `${fontSize(body, figures.length, told.text)}px`;
    const filled = colorMode.startsWith('background') && !told.empty && tint !== context.textColour;
    if (filled) { tile.style.background = tint; tile.style.color = legibleOn(tint); tile.classList.add('filled'); } else if (!told.empty) number.style.color = tint;
    if (figures.length > 1 || panel.options?.textMode === 'value_and_name') tile.append(element('div', 'name', nameOf(field, config)));
    tile.append(number);
    if (graphMode === 'area') tile.append(curve(field.values, filled ? legibleOn(tint) : tint));
    holder.append(tile);
  }
  body.replaceChildren(holder);
  return true;
}

function figuresOf(frame, panel, pattern) {
  const found = /^\/(.*)\/$/.exec(pattern);
  return frame.fields
    .map((field) => ({ field, config: configOf(field, panel) }))
    .filter(({ config }) => !isHidden(config))
    .filter(({ field, config }) => (pattern === '' ? field.type === 'number'
      : found ? new RegExp(found[1]).test(nameOf(field, config)) : pattern === nameOf(field, config)));
}

function fontSize(body, count, text) {
  const width = body.clientWidth / count - 16;
  return Math.max(14, Math.min(body.clientHeight * 0.5, 56, (width / Math.max(text.length, 2)) * 1.3));
}

function curve(values, tint) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 100 30');
  svg.setAttribute('preserveAspectRatio', 'none');
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return svg;
  const low = Math.min(0, ...known);
  const height = Math.max(...known) - low || 1;
  let pen = 'M';
  const path = values.map((value, at) => {
    if (value === null) { pen = 'M'; return ''; }
    const step = `${pen}${(at / (values.length - 1)) * 100} ${29 - ((value - low) / height) * 28}`;
    pen = 'L';
    return step;
  }).join('');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  for (const [name, value] of Object.entries({ d: path, fill: 'none', stroke: tint, 'stroke-width': '1', 'vector-effect': 'non-scaling-stroke', opacity: '0.6' })) line.setAttribute(name, value);
  svg.append(line);
  return svg;
}
