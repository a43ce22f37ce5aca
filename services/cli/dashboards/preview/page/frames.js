// What a question gave, as Grafana's data frames: named columns of times, numbers or text.

import { offsetMs } from '/page/times.js';

/** A frame of an answer's result: { refId, fields: [{ name, type, values, labels }] }. */
export function frameOf(result) {
  const rows = result.rows ?? [];
  const fields = (result.columns ?? []).map((column, at) => {
    const type = typeOf(column.type);
    return { name: column.name, type, labels: {}, values: rows.map((row) => read(row[at], type, column.type)) };
  });
  return { refId: result.refId, fields };
}

function typeOf(written) {
  const plain = written.replace(/^(?:LowCardinality\(|Nullable\()+/, '');
  if (plain.startsWith('Date')) return 'time';
  if (/^(?:U?Int|Float|BFloat|Decimal)/.test(plain)) return 'number';
  return plain.startsWith('Bool') ? 'boolean' : 'string';
}

function read(value, type, written) {
  if (value === null || value === undefined) return null;
  if (type === 'time') return typeof value === 'number' ? value : timeOf(value, written);
  if (type === 'number') return Number(value);
  if (type === 'boolean') return Boolean(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A time as ISO, or, of a server that may not be told how to write it, in the zone of the column's type, else UTC. */
function timeOf(text, written) {
  if (text.endsWith('Z')) return Date.parse(text);
  const zone = /'([^']+)'/.exec(written)?.[1] ?? 'UTC';
  const asUtc = Date.parse(`${text.replace(' ', 'T')}${text.length > 10 ? 'Z' : ''}`);
  return text.length > 10 ? asUtc - offsetMs(zone, asUtc) : asUtc;
}

/** How many rows a frame has. */
export const length = (frame) => (frame.fields.length ? frame.fields[0].values.length : 0);

/** Apply a panel's transformations, of which the dashboards use these. Throws a sentence at any other. */
export function transformed(frames, transformations = []) {
  return transformations.filter((one) => !one.disabled).reduce((before, one) => {
    const apply = TRANSFORMATIONS[one.id];
    if (!apply) throw new Error(`the preview does not know the transformation ${one.id}`);
    return apply(before, one.options ?? {});
  }, frames);
}

const TRANSFORMATIONS = {
  partitionByValues: (frames, options) => frames.flatMap((frame) => partitioned(frame, options.fields)),
  prepareTimeSeries: (frames) => frames.flatMap((frame) => curves(frame)),
  organize: (frames, options) => frames.map((frame) => organised(frame, options)),
  merge: (frames) => frames,
};

function organised(frame, { excludeByName = {}, renameByName = {}, indexByName = {} }) {
  const order = (field) => indexByName[field.name] ?? 1e6;
  const fields = frame.fields.filter((field) => !excludeByName[field.name]).sort((a, b) => order(a) - order(b));
  return { ...frame, fields: fields.map((field) => ({ ...field, name: renameByName[field.name] || field.name })) };
}

/** One frame for each combination of values of the named columns; these become labels of the other columns. */
function partitioned(frame, names) {
  const keys = frame.fields.filter((field) => names.includes(field.name));
  const others = frame.fields.filter((field) => !names.includes(field.name));
  const groups = new Map();
  for (let row = 0; row < length(frame); row += 1) {
    const key = JSON.stringify(keys.map((field) => field.values[row]));
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  return [...groups.values()].map((rows) => {
    const labels = Object.fromEntries(keys.map((field) => [field.name, String(field.values[rows[0]] ?? '')]));
    const fields = others.map((field) => ({ ...field, labels, values: rows.map((row) => field.values[row]) }));
    return { refId: frame.refId, name: Object.values(labels).join(' '), fields };
  });
}

/** Frames of one time column and numbers: text columns of a long frame become labels, as the plugin does. */
export function curves(frame) {
  const texts = frame.fields.filter((field) => field.type === 'string').map((field) => field.name);
  const hasTime = frame.fields.some((field) => field.type === 'time');
  const hasNumbers = frame.fields.some((field) => field.type === 'number');
  return hasTime && hasNumbers && texts.length ? partitioned(frame, texts) : [frame];
}
