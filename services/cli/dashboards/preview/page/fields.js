// How a column is shown: its configuration out of the file, the text and colour of a value, its links.

import { formatted } from '/page/units.js';

const NAMED = {
  green: '#73bf69', 'dark-green': '#37872d', 'semi-dark-green': '#56a64b', 'light-green': '#96d98d', 'super-light-green': '#c8f2c2',
  yellow: '#fade2a', 'dark-yellow': '#e0b400', 'semi-dark-yellow': '#f2cc0c', 'light-yellow': '#ffee52', 'super-light-yellow': '#fff899',
  orange: '#ff9830', 'dark-orange': '#fa6400', 'semi-dark-orange': '#ff780a', 'light-orange': '#ffb357', 'super-light-orange': '#ffcb7d',
  red: '#f2495c', 'dark-red': '#c4162a', 'semi-dark-red': '#e02f44', 'light-red': '#ff7383', 'super-light-red': '#ffa6b0',
  blue: '#5794f2', 'dark-blue': '#1f60c4', 'semi-dark-blue': '#3274d9', 'light-blue': '#8ab8ff', 'super-light-blue': '#c0d8ff',
  purple: '#b877d9', 'dark-purple': '#8f3bb8', 'semi-dark-purple': '#a352cc', 'light-purple': '#ca95e5', 'super-light-purple': '#deb6f2',
  gray: '#8e8e8e', grey: '#8e8e8e', transparent: 'transparent', white: '#ffffff', black: '#000000',
};
export const PALETTE = ['#73bf69', '#f2cc0c', '#8ab8ff', '#ff780a', '#f2495c', '#5794f2', '#b877d9', '#705da0', '#37872d', '#fade2a',
  '#447ebc', '#c15c17', '#890f02', '#0a437c', '#6d1f62', '#584477', '#b7dbab', '#f4d598', '#70dbed', '#f9ba8f'];

/** A colour of the file as the browser takes it. */
export function colour(name, context) {
  const darker = `semi-dark-${name}`; // on white Grafana takes the darker shade of a plain name
  if (context.light && darker in NAMED) return NAMED[darker];
  if (name in NAMED) return NAMED[name];
  return /^(?:#|rgb)/.test(name ?? '') ? name : context.textColour;
}

/** The colour of text that can be read on a background of `#rrggbb`. */
export function legibleOn(background) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(background.slice(at, at + 2), 16));
  return red * 0.299 + green * 0.587 + blue * 0.114 > 150 ? '#111217' : '#ffffff';
}

/** The configuration of a column: the panel's defaults, then each override that fits, in their order. */
export function configOf(field, panel) {
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
  const config = { ...defaults, custom: { ...defaults.custom } };
  for (const { matcher, properties } of overrides) {
    if (!fits(matcher, field)) continue;
    for (const { id, value } of properties) {
      if (id.startsWith('custom.')) config.custom[id.slice(7)] = value;
      else config[id] = value;
    }
  }
  return config;
}

function fits({ id, options }, field) {
  if (id === 'byName') return options === field.name || options === labelled(field);
  if (id === 'byType') return options === field.type;
  if (id === 'byRegexp') {
    const found = /^\/(.*)\/([a-z]*)$/.exec(options);
    return new RegExp(found ? found[1] : options, found ? found[2] : '').test(field.name);
  }
  return false;
}

function labelled(field) {
  const values = Object.values(field.labels ?? {});
  if (!values.length) return field.name;
  return field.name.toLowerCase() === 'value' ? values.join(' ') : `${field.name} ${values.join(' ')}`;
}

/** What a column is called. */
export function nameOf(field, config) {
  if (!config.displayName) return labelled(field);
  return config.displayName
    .replace(/\$\{__field\.labels\.(\w+)\}/g, (_, name) => field.labels?.[name] ?? '')
    .replaceAll('${__field.name}', field.name);
}

/** The text of a value and its colour; null: none of its own. */
export function shown(value, field, config, context) {
  const mapped = mappingOf(value, config.mappings);
  const own = mapped?.color ? colour(mapped.color, context) : null;
  if (mapped?.text !== undefined) return { text: mapped.text, colour: own ?? thresholdColour(value, config, context) };
  if (value === null || value === undefined || value === '') return { text: config.noValue ?? '', colour: null, empty: true };
  if (typeof value === 'boolean') return { text: String(value), colour: own };
  const unit = config.unit ?? (field.type === 'time' ? 'dateTimeAsIso' : 'none');
  const isTime = field.type === 'time' && !unit.startsWith('dateTime');
  const text = formatted(value, isTime ? 'dateTimeAsIso' : unit, config.decimals, context);
  return { text, colour: own ?? thresholdColour(value, config, context) };
}

function mappingOf(value, mappings = []) {
  for (const { type, options } of mappings) {
    if (type === 'value' && value !== null && String(value) in options) return options[String(value)];
    if (type === 'range' && typeof value === 'number' && value >= (options.from ?? -Infinity) && value <= (options.to ?? Infinity)) return options.result;
    if (type === 'special' && special(value, options.match)) return options.result;
  }
  return null;
}

function special(value, match) {
  if (match === 'null' || match === 'null+nan') return value === null || value === undefined;
  if (match === 'empty') return value === '';
  return String(value) === match;
}

/** The colour of the last threshold that a number reaches; null where the column is not coloured by thresholds. */
export function thresholdColour(value, config, context) {
  const steps = config.thresholds?.steps;
  if (!steps || typeof value !== 'number' || (config.color?.mode ?? 'thresholds') !== 'thresholds') return null;
  let reached = steps[0];
  for (const step of steps) if (step.value === null || step.value === undefined || value >= step.value) reached = step;
  return colour(reached.color, context);
}

/** The address of a link, its variables filled in; empty where it is no address that may be followed. */
export function linkTo(link, { row, frame, panel, time, name, labels }, context) {
  const told = (fieldName, part) => {
    const field = frame?.fields.find((one) => one.name === fieldName);
    if (!field) return '';
    const value = field.values[row];
    return part === 'numeric' ? String(value ?? '') : shown(value, field, configOf(field, panel), context).text;
  };
  const filled = link.url
    .replace(/\$\{__data\.fields\.(\w+?)(?:\.(\w+))?\}/g, (_, field, part) => encodeURIComponent(told(field, part)))
    .replace(/\$\{__field\.labels\.(\w+)\}/g, (_, label) => encodeURIComponent(labels?.[label] ?? ''))
    .replace(/\$\{__value\.time\}/g, String(time ?? ''))
    .replace(/\$\{__series\.name\}/g, encodeURIComponent(name ?? ''))
    .replace(/\$\{__from\}/g, String(context.from)).replace(/\$\{__to\}/g, String(context.to))
    .replace(/\$\{?__url_time_range\}?/g, `from=${context.from}&to=${context.to}`)
    .replace(/\$\{(\w+)(?::\w+)?\}/g, (whole, variable) => context.constants[variable] ?? whole);
  try {
    const url = new URL(filled, location.href);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : '';
  } catch { return ''; }
}

/** Whether a column is queried for something else than to be seen. */
export const isHidden = (config) => Boolean(config.custom.hideFrom?.viz || config.custom.hidden);

/** An element with text, which is never read as HTML. */
export function element(tag, className = '', text = '') {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== '') made.textContent = text;
  return made;
}
