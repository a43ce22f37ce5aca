// The zone editor: shapes over a still, by mouse, touch and keyboard. The server judges what is drawn.

import { BadLine, read, written } from './timetable_text.js';

const SVG = 'http://www.w3.org/2000/svg';
const SIZE = 1000;
const CLASSES = ['car', 'motorcycle', 'bus', 'truck'];
const STEP = 0.005;

const editor = document.getElementById('editor');
const canvas = document.getElementById('canvas');
const list = document.getElementById('zones');
const hint = document.getElementById('hint');
const faults = document.getElementById('faults');
const hours = document.getElementById('hours');
const purposeChoice = document.getElementById('purpose');
const words = JSON.parse(editor.dataset.words);
const drawn = JSON.parse(editor.dataset.drawn);

let revision = drawn.revision;
let zones = drawn.zones.map((zone) => ({ ...zone }));
let chosen = -1;
let drawing = null;
let dragged = null;

hours.value = written(drawn.opening_hours);

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function round(value) {
  return Math.round(Math.min(1, Math.max(0, value)) * 10000) / 10000;
}

function cornersOf(zone) {
  return zone.purpose === 'counter_edge' ? zone.line : zone.polygon;
}

function setCorners(zone, corners) {
  if (zone.purpose === 'counter_edge') {
    zone.line = corners;
    zone.polygon = null;
  } else {
    zone.polygon = corners;
    zone.line = null;
  }
}

function node(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent.append(made);
  return made;
}

function points(corners) {
  return corners.map(([x, y]) => `${x * SIZE},${y * SIZE}`).join(' ');
}

function drawCorner(zone, index, corner) {
  const box = canvas.getBoundingClientRect();
  const radius = 9;
  const mark = node('ellipse', {
    class: 'corner', tabindex: 0, role: 'button', cx: corner[0] * SIZE, cy: corner[1] * SIZE,
    rx: (radius * SIZE) / (box.width || SIZE), ry: (radius * SIZE) / (box.height || SIZE),
    'aria-label': fill(words.corner, { number: index + 1, zone: zone.zone_id }),
  }, canvas);
  mark.dataset.corner = index;
  mark.addEventListener('keydown', (event) => moveByKey(event, zone, index));
  mark.addEventListener('pointerdown', (event) => {
    event.stopPropagation();
    mark.setPointerCapture(event.pointerId);
    mark.focus();
    dragged = { zone, index };
  });
  mark.addEventListener('pointermove', (event) => {
    if (!dragged || dragged.index !== index) return;
    cornersOf(zone)[index] = place(event);
    const [x, y] = cornersOf(zone)[index];
    mark.setAttribute('cx', x * SIZE);
    mark.setAttribute('cy', y * SIZE);
    canvas.querySelector('.chosen').setAttribute('points', points(cornersOf(zone)));
  });
  mark.addEventListener('pointerup', () => {
    dragged = null;
  });
}

function drawShape(zone, index) {
  const name = zone.purpose === 'counter_edge' ? 'polyline' : 'polygon';
  const open = zone.purpose === 'counter_edge' ? ' open' : '';
  const shape = node(name, {
    class: `shape purpose-${zone.purpose}${open}${index === chosen ? ' chosen' : ''}`, points: points(cornersOf(zone)),
  }, canvas);
  node('title', {}, shape).textContent = zone.zone_id;
  shape.addEventListener('pointerdown', (event) => {
    if (drawing) return;
    event.stopPropagation();
    choose(index);
  });
}

function show() {
  canvas.replaceChildren();
  zones.forEach(drawShape);
  if (chosen >= 0 && !drawing) cornersOf(zones[chosen]).forEach((corner, index) => drawCorner(zones[chosen], index, corner));
  if (drawing) {
    node('polyline', { class: `shape open purpose-${drawing.purpose}`, points: points(drawing.corners) }, canvas);
    drawing.corners.forEach(([x, y]) => node('ellipse', { class: 'corner', cx: x * SIZE, cy: y * SIZE, rx: 7, ry: 10 }, canvas));
  }
  canvas.parentElement.classList.toggle('drawing-now', drawing !== null);
}

function labelled(text, control) {
  const label = document.createElement('label');
  label.append(text, control);
  return label;
}

function control(name, value, change) {
  const made = document.createElement(name);
  made.value = value;
  made.addEventListener('change', () => change(made.value));
  return made;
}

function parkingControls(zone) {
  const box = document.createElement('fieldset');
  box.className = 'vehicles';
  box.append(Object.assign(document.createElement('legend'), { textContent: words.classes }));
  for (const vehicle of CLASSES) {
    const tick = Object.assign(document.createElement('input'), { type: 'checkbox', checked: zone.classes.includes(vehicle) });
    tick.addEventListener('change', () => {
      zone.classes = CLASSES.filter((one) => (one === vehicle ? tick.checked : zone.classes.includes(one)));
    });
    box.append(labelled(tick, ` ${words[vehicle]}`));
  }
  const times = control('textarea', zone.timetable_text ?? written(zone.timetable), (value) => {
    zone.timetable_text = value;
  });
  times.rows = 3;
  return [box, labelled(words.timetable, times)];
}

function listed(zone, index) {
  const item = document.createElement('li');
  item.className = index === chosen ? 'chosen' : '';
  const pick = Object.assign(document.createElement('button'), { type: 'button', className: 'plain-button', textContent: `${zone.zone_id} · ${purposeChoice.querySelector(`[value="${zone.purpose}"]`).textContent}` });
  pick.setAttribute('aria-pressed', String(index === chosen));
  pick.addEventListener('click', () => choose(index === chosen ? -1 : index));
  item.append(pick);
  if (index !== chosen) return item;
  const name = control('input', zone.zone_id, (value) => {
    zone.zone_id = value.trim();
    show();
  });
  name.maxLength = 48;
  item.append(labelled(words.id, name));
  if (zone.purpose === 'no_parking') item.append(...parkingControls(zone));
  const remove = Object.assign(document.createElement('button'), { type: 'button', className: 'plain-button', textContent: words.remove });
  remove.addEventListener('click', () => {
    zones.splice(index, 1);
    choose(-1);
  });
  item.append(remove);
  return item;
}

function choose(index) {
  chosen = index;
  list.replaceChildren(...zones.map(listed));
  show();
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  return [round((event.clientX - box.left) / box.width), round((event.clientY - box.top) / box.height)];
}

function moveByKey(event, zone, index) {
  const corners = cornersOf(zone);
  const step = event.shiftKey ? STEP * 6 : STEP;
  const ways = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  const way = ways[event.key];
  const least = zone.purpose === 'counter_edge' ? 2 : 3;
  if (way) corners[index] = [round(corners[index][0] + way[0]), round(corners[index][1] + way[1])];
  else if (event.key === 'Delete' && corners.length > least) corners.splice(index, 1);
  else if (event.key === '+' && zone.purpose !== 'counter_edge') {
    const next = corners[(index + 1) % corners.length];
    corners.splice(index + 1, 0, [round((corners[index][0] + next[0]) / 2), round((corners[index][1] + next[1]) / 2)]);
  } else return;
  event.preventDefault();
  show();
  canvas.querySelector(`[data-corner="${Math.min(index, corners.length - 1)}"]`)?.focus();
}

function freeId(purpose) {
  const taken = new Set(zones.map((zone) => zone.zone_id));
  let number = 1;
  while (taken.has(`${purpose}-${number}`)) number += 1;
  return `${purpose}-${number}`;
}

function add(purpose, corners) {
  const zone = { zone_id: freeId(purpose), purpose, polygon: null, line: null, anchor: 'bottom_center', classes: [...CLASSES], timetable: null };
  setCorners(zone, corners);
  zones.push(zone);
  choose(zones.length - 1);
}

function close() {
  const { purpose, corners } = drawing;
  drawing = null;
  if (corners.length < (purpose === 'counter_edge' ? 2 : 3)) {
    hint.textContent = words.too_few;
    show();
    return;
  }
  add(purpose, corners);
}

canvas.addEventListener('pointerdown', (event) => {
  if (!drawing) {
    choose(-1);
    return;
  }
  event.preventDefault();
  drawing.corners.push(place(event));
  hint.textContent = fill(words.drawing, { count: drawing.corners.length });
  if (drawing.purpose === 'counter_edge' && drawing.corners.length === 2) close();
  else show();
});
canvas.addEventListener('dblclick', () => drawing && close());

document.getElementById('draw').addEventListener('click', () => {
  if (drawing && drawing.corners.length) {
    close();
    return;
  }
  drawing = { purpose: purposeChoice.value, corners: [] };
  chosen = -1;
  hint.textContent = fill(words.drawing, { count: 0 });
  choose(-1);
});
document.getElementById('rectangle').addEventListener('click', () => {
  drawing = null;
  const line = purposeChoice.value === 'counter_edge';
  add(purposeChoice.value, line ? [[0.3, 0.5], [0.7, 0.5]] : [[0.3, 0.3], [0.7, 0.3], [0.7, 0.7], [0.3, 0.7]]);
  canvas.querySelector('[data-corner="0"]').focus();
});
document.addEventListener('keydown', (event) => {
  if (!drawing) return;
  if (event.key === 'Escape') {
    drawing = null;
    show();
  } else if (event.key === 'Enter') {
    event.preventDefault();
    close();
  }
});
window.addEventListener('resize', show);

function told(texts) {
  faults.replaceChildren(...texts.map((text) => Object.assign(document.createElement('p'), { textContent: text })));
  faults.hidden = texts.length === 0;
}

function edit() {
  const sent = zones.map(({ timetable_text: text, ...zone }) => (text === undefined ? zone : { ...zone, timetable: read(text) }));
  return { revision, zones: sent, opening_hours: read(hours.value), why: document.getElementById('why').value };
}

function faultText(fault) {
  const [part, index, ...rest] = fault.path;
  const zone = part === 'zones' && zones[index] ? zones[index].zone_id : part ?? '';
  return [zone, ...rest].filter((one) => one !== '').join(' ') + (fault.path.length ? ': ' : '') + fault.text;
}

async function save() {
  told([]);
  let body;
  try {
    body = JSON.stringify(edit());
  } catch (error) {
    if (!(error instanceof BadLine)) throw error;
    told([fill(words.bad_line, { line: error.message })]);
    return;
  }
  const headers = { 'content-type': 'application/json', accept: 'application/json', 'x-form-token': editor.dataset.formToken };
  const answer = await fetch(`${window.location.pathname}`, { method: 'POST', body, headers });
  const said = await answer.json();
  if (!answer.ok) {
    told([words.failed, ...(said.faults ? said.faults.map(faultText) : [said.error])]);
    return;
  }
  revision = said.revision;
  document.getElementById('revision').textContent = revision;
  const notes = [said.changed ? fill(words.saved, { revision }) : words.unchanged];
  if (said.changed && said.public === false && said.was_public) notes.push(words.not_public);
  hint.textContent = notes.join(' ');
}

document.getElementById('save-form').addEventListener('submit', (event) => {
  event.preventDefault();
  save().catch((error) => told([words.failed, String(error)]));
});

choose(-1);
