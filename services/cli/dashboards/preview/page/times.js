// Times: Grafana's "now-24h", and moments written in the dashboard's time zone.

const UNITS_MS = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 7 * 86400e3 };

/** Milliseconds since 1970 of "now", "now-6h", "now/d" (in the zone), of an ISO time, or of a number as text. */
export function moment(text, now, zone, end = false) {
  const found = /^now(?:([+-]\d+)([smhdw]))?(\/d)?$/.exec(text.trim());
  if (found) {
    const at = now + (found[1] ? Number(found[1]) * UNITS_MS[found[2]] : 0);
    if (!found[3]) return at;
    const offset = offsetMs(zone, at);
    const day = Math.floor((at + offset) / UNITS_MS.d) * UNITS_MS.d - offset;
    return end ? day + UNITS_MS.d - 1 : day;
  }
  if (/^\d+$/.test(text)) return Number(text);
  return Date.parse(text);
}

/** How far a zone is ahead of UTC at a moment, in ms. */
export function offsetMs(zone, ms) {
  if (zone === 'utc') return 0;
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: !zone || zone === 'browser' ? undefined : zone, hourCycle: 'h23',
    year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
  }).formatToParts(new Date(ms));
  const of = Object.fromEntries(parts.map((part) => [part.type, Number(part.value)]));
  return Date.UTC(of.year, of.month - 1, of.day, of.hour, of.minute, of.second) - Math.floor(ms / 1000) * 1000;
}

/** "2026-11-26 12:05:00" in the zone; seconds can be left out. */
export function written(ms, zone, seconds = true) {
  if (!Number.isFinite(ms)) return '';
  const iso = new Date(ms + offsetMs(zone, ms)).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, seconds ? 19 : 16)}`;
}

/** Labels of a time axis whose values are already in the zone: as short as the period allows. */
export function axisLabel(shiftedMs, periodMs) {
  const iso = new Date(shiftedMs).toISOString();
  if (periodMs <= 36 * UNITS_MS.h) return iso.slice(11, periodMs < 10 * UNITS_MS.m ? 19 : 16);
  return periodMs <= 10 * UNITS_MS.d ? `${iso.slice(5, 10)} ${iso.slice(11, 16)}` : iso.slice(5, 10);
}
