// A timetable as lines that people write: "mon 08:00-15:00, 16:00-18:00".

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const PERIOD = /^([0-2][0-9]:[0-5][0-9])\s*-\s*([0-2][0-9]:[0-5][0-9])$/;

export class BadLine extends Error {}

function spoken(periods) {
  return periods.map((period) => `${period.start}-${period.end}`).join(', ');
}

export function written(timetable) {
  if (!timetable) return '';
  const lines = DAYS.filter((day) => timetable.weekdays[day]?.length).map((day) => `${day} ${spoken(timetable.weekdays[day])}`);
  if (timetable.holidays?.length) lines.push(`holidays ${timetable.holidays.join(', ')}`);
  if (timetable.on_holidays?.length) lines.push(`on_holidays ${spoken(timetable.on_holidays)}`);
  return lines.join('\n');
}

function periods(texts, line) {
  return texts.map((text) => {
    const found = PERIOD.exec(text);
    if (!found) throw new BadLine(line);
    return { start: found[1], end: found[2] };
  });
}

export function read(text) {
  const timetable = { weekdays: {}, holidays: [], on_holidays: [] };
  const lines = text.split('\n').map((line) => line.trim()).filter(Boolean);
  for (const line of lines) {
    const [name, rest] = [line.split(/[\s:]/, 1)[0].toLowerCase(), line.replace(/^[a-z_]+:?\s*/i, '')];
    const parts = rest.split(',').map((part) => part.trim()).filter(Boolean);
    if (DAYS.includes(name)) timetable.weekdays[name] = periods(parts, line);
    else if (name === 'holidays') timetable.holidays = parts;
    else if (name === 'on_holidays') timetable.on_holidays = periods(parts, line);
    else throw new BadLine(line);
  }
  return lines.length ? timetable : null;
}
