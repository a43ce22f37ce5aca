// What is chosen at the top: dashboard, language, variables, period, refresh, colours.

import { element } from '/page/fields.js';
import { written } from '/page/times.js';

export const ALL = '$__all';
const PERIODS = ['1h', '6h', '24h', '2d', '7d', '30d'];
const REFRESHES = ['', '30s', '1m', '5m'];

/** The bar: what is looked at, and for which period. */
export function drawBar(bar, view, listed, act) {
  const { words } = view;
  const dashboards = choice(listed.filter((one) => one.language === view.lang).map((one) => [one.uid, one.title]), view.uid, act.open);
  dashboards.id = 'dashboard';
  dashboards.title = view.document.description ?? '';
  const pair = listed.find((one) => one.uid === view.uid)?.pair;
  const other = button(words.other, () => act.open(pair));
  other.id = 'language';
  other.hidden = !pair;
  const refresh = choice([...new Set([...REFRESHES, view.refresh])].map((value) => [value, value || words.never]), view.refresh, act.refreshEvery);
  const now = button(`↻ ${words.refresh}`, act.refresh);
  now.id = 'refresh';
  const theme = button(view.theme === 'dark' ? words.light : words.dark, act.theme);
  theme.id = 'theme';
  bar.replaceChildren(element('strong', 'brand', 'Tilik'), dashboards, element('span', 'space'), period(view, act), now, refresh, theme, other);
}

function period(view, act) {
  const { words } = view;
  const relative = /^now-(\w+)$/.exec(view.fromText)?.[1];
  const end = (text, ms) => (text.startsWith('now') ? text : written(ms, view.zone, false));
  const told = view.toText === 'now' && relative in words.last ? words.last[relative]
    : `${end(view.fromText, view.from)} – ${end(view.toText, view.to)}`;
  const holder = element('details', 'choice');
  holder.id = 'period';
  holder.append(element('summary', '', told));
  const list = element('div', 'list');
  for (const one of PERIODS) list.append(button(words.last[one], () => act.period(`now-${one}`, 'now')));
  const from = input(written(view.from, view.zone, false));
  const to = input(written(view.to, view.zone, false));
  from.name = 'from';
  to.name = 'to';
  const apply = button(words.apply, () => act.absolute(from.value, to.value));
  for (const [label, field] of [[words.from, from], [words.to, to]]) {
    const line = element('label', '', label);
    line.append(field);
    list.append(line);
  }
  list.append(apply);
  holder.append(list);
  return holder;
}

/** A chooser of several values, or all; `changed` is told when it closes with another choice. */
export function drawChoice(variable, values, chosen, words, changed) {
  const holder = element('details', 'choice variable');
  holder.dataset.variable = variable.name;
  const picked = new Set(chosen ?? []);
  const summary = element('summary');
  const told = () => (!picked.size ? words.all : picked.size <= 2 ? [...picked].join(' + ') : `${picked.size} ${words.chosen}`);
  const label = element('span', 'label', variable.label || variable.name);
  const text = element('span', 'picked', told());
  summary.append(label, text);
  const list = element('div', 'list');
  const search = input('');
  search.placeholder = words.search;
  const options = element('div', 'options');
  const fill = () => {
    const wanted = search.value.toLowerCase();
    const fitting = values.filter((value) => value.toLowerCase().includes(wanted)).slice(0, 300);
    options.replaceChildren(option(words.all, !picked.size, () => picked.clear()), ...fitting.map((value) => option(value, picked.has(value), (on) => (on ? picked.add(value) : picked.delete(value)))));
  };
  const option = (name, on, set) => {
    const line = element('label', 'option');
    const box = input('');
    box.type = 'checkbox';
    box.checked = on;
    box.addEventListener('change', () => { set(box.checked); text.textContent = told(); fill(); });
    line.append(box, element('span', '', name));
    return line;
  };
  search.addEventListener('input', fill);
  fill();
  list.append(search, options);
  holder.append(summary, list);
  const before = [...picked].sort().join('\n');
  holder.addEventListener('toggle', () => {
    if (holder.open) { search.focus(); return; }
    if ([...picked].sort().join('\n') !== before) changed(picked.size ? [...picked] : null);
  });
  return holder;
}

/** Close what is open when somebody clicks elsewhere. */
export function closeOnClickElsewhere() {
  document.addEventListener('click', (event) => {
    for (const open of document.querySelectorAll('details[open]')) if (!open.contains(event.target) && event.target.isConnected) open.open = false;
  });
}

function button(text, act) {
  const made = element('button', '', text);
  made.type = 'button';
  made.addEventListener('click', act);
  return made;
}

function input(value) {
  const made = element('input');
  made.value = value;
  return made;
}

function choice(options, chosen, act) {
  const made = element('select');
  for (const [value, text] of options) {
    const one = element('option', '', text);
    one.value = value;
    one.selected = value === chosen;
    made.append(one);
  }
  made.addEventListener('change', () => act(made.value));
  return made;
}
