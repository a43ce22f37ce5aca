// The page: reads the address, loads a dashboard's file, offers its choices and fills its panels.

import { ALL, closeOnClickElsewhere, drawBar, drawChoice } from '/page/controls.js';
import { element } from '/page/fields.js';
import { fillPanel, makePanel } from '/page/panel.js';
import { moment, offsetMs } from '/page/times.js';
import { language, words } from '/page/words.js';

const AT_ONCE = 4; // questions under way: the browser itself allows six
const page = { bar: byId('bar'), choices: byId('choices'), grid: byId('grid'), trouble: byId('trouble') };
const view = { theme: 'dark', chosen: {}, constants: {} };
let loading = new AbortController();
let timer = 0;

function byId(id) { return document.getElementById(id); }

async function get(path, signal) {
  const response = await fetch(path, { signal });
  const body = await response.json().catch(() => ({ error: response.statusText }));
  if (!response.ok) throw new Error(body.error ?? response.statusText);
  return body;
}

function readAddress() {
  const told = new URLSearchParams(location.search);
  view.uid = decodeURIComponent(location.pathname.split('/')[2]);
  view.lang = language(view.uid);
  view.words = words(view.lang);
  view.fromText = told.get('from') ?? '';
  view.toText = told.get('to') ?? '';
  view.refresh = told.get('refresh');
  view.theme = told.get('theme') ?? view.theme;
  view.chosen = {};
  for (const name of new Set(told.keys())) {
    if (!name.startsWith('var-')) continue;
    const values = told.getAll(name);
    view.chosen[name.slice(4)] = values.includes(ALL) ? null : values;
  }
}

/** The address of a dashboard; without a rate of asking again (null) it asks as its file says. */
function address(uid, { from = view.fromText, to = view.toText, refresh = view.refresh ?? '' } = {}) {
  const told = new URLSearchParams({ from, to, ...(refresh === null ? {} : { refresh }), theme: view.theme });
  for (const [name, values] of Object.entries(view.chosen)) for (const value of values ?? []) told.append(`var-${name}`, value);
  return `/d/${uid}?${told}`;
}

function go(to) {
  history.pushState(null, '', to);
  load();
}

const act = {
  open: (uid) => go(address(uid, uid.replace(/-id$/, '') === view.uid.replace(/-id$/, '') ? {} : { from: '', to: '', refresh: null })),
  refresh: () => { loading.abort(); loading = new AbortController(); fill(); },
  refreshEvery: (text) => { view.refresh = text; history.replaceState(null, '', address(view.uid)); schedule(); },
  period: (from, to) => go(address(view.uid, { from, to })),
  absolute: (from, to) => {
    const [start, end] = [from, to].map((text) => (text.startsWith('now') ? text : String(Date.parse(`${text.trim().replace(' ', 'T')}Z`) - offsetMs(view.zone, Date.now()))));
    if (start !== 'NaN' && end !== 'NaN') go(address(view.uid, { from: start, to: end }));
  },
  theme: () => { view.theme = view.theme === 'dark' ? 'light' : 'dark'; go(address(view.uid)); },
};

async function load() {
  loading.abort();
  loading = new AbortController();
  const { signal } = loading;
  page.trouble.hidden = true;
  readAddress();
  document.documentElement.dataset.theme = view.theme;
  document.documentElement.lang = view.lang;
  document.documentElement.dataset.ready = 'no';
  try {
    const listed = await get('/api/dashboards', signal);
    view.document = await get(`/api/dashboards/${encodeURIComponent(view.uid)}`, signal);
    document.title = `${view.document.title} – Tilik`;
    view.zone = view.document.timezone;
    view.fromText ||= view.document.time?.from ?? 'now-24h';
    view.toText ||= view.document.time?.to ?? 'now';
    view.refresh ??= view.document.refresh ?? '';
    setPeriod();
    drawBar(page.bar, view, listed, act);
    await drawChoices(signal);
    drawPanels();
    await fill();
    schedule();
  } catch (error) {
    if (error.name === 'AbortError') return;
    page.trouble.textContent = error.message;
    page.trouble.hidden = false;
  }
}

function setPeriod() {
  view.now = Date.now();
  view.from = moment(view.fromText, view.now, view.zone);
  view.to = moment(view.toText, view.now, view.zone, true);
}

/** Offer the values of each variable; each is narrowed by those before it, and what is not offered is not chosen. */
async function drawChoices(signal) {
  const variables = view.document.templating?.list ?? [];
  view.constants = Object.fromEntries(variables.filter((one) => one.type === 'constant').map((one) => [one.name, one.query]));
  const known = new Set(variables.map((one) => one.name));
  for (const name of Object.keys(view.chosen)) if (!known.has(name)) delete view.chosen[name];
  const made = [];
  for (const variable of variables.filter((one) => one.type === 'query' && one.hide !== 2)) {
    const offered = await get(`/api/dashboards/${view.uid}/variables/${variable.name}?${question()}`, signal);
    const kept = (view.chosen[variable.name] ?? []).filter((value) => offered.includes(value));
    view.chosen[variable.name] = kept.length ? kept : null;
    made.push(drawChoice(variable, offered, view.chosen[variable.name], view.words, (values) => {
      view.chosen[variable.name] = values;
      go(address(view.uid));
    }));
  }
  page.choices.replaceChildren(...made, element('span', 'space'), element('span', 'note', view.words.preview));
}

function question(width = 0) {
  const asked = new URLSearchParams({ from: Math.round(view.from), to: Math.round(view.to) });
  if (width) asked.set('width', Math.round(width));
  for (const [name, values] of Object.entries(view.chosen)) for (const value of values ?? [ALL]) asked.append(`var-${name}`, value);
  return asked;
}

function drawPanels() {
  for (const body of page.grid.querySelectorAll('.body')) body.dispose?.();
  const panels = view.document.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
  view.boxes = panels.map((panel) => ({ panel, box: makePanel(panel) }));
  page.grid.replaceChildren(...view.boxes.map(({ box }) => box));
}

/** Fill all panels, a few at a time, in the order in which they are read. */
async function fill() {
  setPeriod();
  document.documentElement.dataset.ready = 'no';
  const { signal } = loading;
  const context = surroundings();
  const waiting = view.boxes.filter(({ panel }) => panel.type !== 'row');
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { panel, box } = next;
      const ask = (width) => get(`/api/dashboards/${view.uid}/panels/${panel.id}?${question(width)}`, signal);
      box.dataset.ms = String(Math.round(await fillPanel(box, panel, context, ask)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (!signal.aborted) document.documentElement.dataset.ready = 'yes';
}

function surroundings() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return {
    lang: view.lang, light: view.theme === 'light', words: view.words, zone: view.zone, now: view.now, from: view.from, to: view.to, constants: view.constants,
    offset: offsetMs(view.zone, view.from), font: getComputedStyle(document.body).fontFamily,
    textColour: of('--text'), mutedColour: of('--muted'), lineColour: of('--line'), panelColour: of('--panel'),
  };
}

function schedule() {
  clearInterval(timer);
  const found = /^(\d+)([sm])$/.exec(view.refresh ?? '');
  if (found) timer = setInterval(() => { if (!document.hidden && document.documentElement.dataset.ready === 'yes') fill(); }, Number(found[1]) * (found[2] === 'm' ? 60e3 : 1e3));
}

closeOnClickElsewhere();
addEventListener('popstate', load);
load();
