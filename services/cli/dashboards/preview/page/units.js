// Figures as Grafana writes them, for the units that the dashboards use.

import { written } from '/page/times.js';

const SCALES = {
  bytes: { step: 1024, names: ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] },
  decbytes: { step: 1000, names: ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] },
  binBps: { step: 1024, names: ['B/s', 'KiB/s', 'MiB/s', 'GiB/s', 'TiB/s'] },
  Bps: { step: 1000, names: ['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s'] },
  short: { step: 1000, names: ['', ' K', ' Mil', ' Bil', ' Tri'] },
};
const SECONDS = { 'µs': 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400 };
const SPANS = [[1e-6, 'µs'], [1e-3, 'ms'], [1, 's'], [60, 'min'], [3600, 'hour'], [86400, 'day'], [604800, 'week'], [31536000, 'year']];
const SUFFIXES = { percent: '%', reqps: ' req/s', ops: ' ops/s', cps: ' c/s', rps: ' rps', wps: ' wps', celsius: ' °C', lengthm: ' m', lengthmm: ' mm', watt: ' W' };
const PREFIXES = { currencyIDR: 'Rp', currencyUSD: '$' };

/** A number as text. `decimals` null: as many as the size of the figure asks for. */
export function formatted(value, unit, decimals, context) {
  if (value === null || value === undefined || value === '') return '';
  if (typeof value !== 'number') return String(value);
  if (unit.startsWith('dateTime')) return date(value, unit, context);
  if (unit === 'string' || unit === 'none' || unit === '') return fixed(value, decimals);
  if (unit === 'percentunit') return `${fixed(value * 100, decimals)}%`;
  if (unit in SECONDS) return span(value * SECONDS[unit], unit, decimals);
  if (unit in SCALES) return scaled(value, SCALES[unit], decimals);
  if (unit.startsWith('suffix:')) return `${fixed(value, decimals)} ${unit.slice(7)}`;
  if (unit.startsWith('prefix:')) return `${unit.slice(7)}${fixed(value, decimals)}`;
  if (unit.startsWith('currency:')) return `${unit.slice(9)}${scaled(value, SCALES.short, decimals)}`;
  if (unit in PREFIXES) return `${PREFIXES[unit]}${scaled(value, SCALES.short, decimals)}`;
  return `${fixed(value, decimals)}${SUFFIXES[unit] ?? ` ${unit}`}`;
}

function fixed(value, decimals) {
  if (!Number.isFinite(value)) return String(value);
  if (decimals !== null && decimals !== undefined) return value.toFixed(decimals);
  if (Number.isInteger(value)) return String(value);
  const size = Math.floor(Math.log10(Math.abs(value)));
  return String(Number(value.toFixed(Math.min(Math.max(2 - size, 0), 10))));
}

function scaled(value, scale, decimals) {
  let at = 0;
  let rest = value;
  while (Math.abs(rest) >= scale.step && at < scale.names.length - 1) { rest /= scale.step; at += 1; }
  const name = scale.names[at];
  return `${fixed(rest, decimals)}${name && !name.startsWith(' ') ? ` ${name}` : name}`;
}

function span(seconds, unit, decimals) {
  if (seconds === 0) return `0 ${unit === 'm' ? 'min' : unit}`;
  let chosen = SPANS[0];
  for (const one of SPANS) if (Math.abs(seconds) >= one[0]) chosen = one;
  const amount = seconds / chosen[0];
  return `${fixed(amount, decimals)} ${plural(chosen[1], amount)}`;
}

/** Grafana writes units in English in every language. */
function plural(name, amount) {
  return ['min', 'hour', 'day', 'week', 'year'].includes(name) && Math.abs(amount) > 1 ? `${name}s` : name;
}

function date(ms, unit, context) {
  if (unit === 'dateTimeFromNow') return fromNow(ms, context);
  const text = written(ms, context.zone);
  if (!unit.endsWith('NoDateIfToday')) return text;
  return text.slice(0, 10) === written(context.now, context.zone).slice(0, 10) ? text.slice(11) : text;
}

function fromNow(ms, { now, words }) {
  const seconds = Math.abs(now - ms) / 1000;
  const { spans } = words;
  const told = seconds < 60 ? spans.second
    : seconds < 5400 ? `${Math.round(seconds / 60)} ${spans.minutes}`
    : seconds < 129600 ? `${Math.round(seconds / 3600)} ${spans.hours}` : `${Math.round(seconds / 86400)} ${spans.days}`;
  return ms <= now ? words.ago(told) : words.hence(told);
}
