// Tables: a row each, sorted by a click on a heading.

import { configOf, element, isHidden, legibleOn, linkTo, nameOf, shown } from '/page/fields.js';
import { length } from '/page/frames.js';

const MOST_ROWS = 1000;

export function drawTable(body, panel, frames, context) {
  const frame = frames[panel.options?.frameIndex ?? 0] ?? frames[0];
  const columns = frame.fields
    .map((field) => ({ field, config: configOf(field, panel) }))
    .filter(({ config }) => !isHidden(config));
  const told = panel.options?.sortBy?.[0];
  const sorting = { name: told?.displayName ?? '', descending: Boolean(told?.desc) };
  const render = () => {
    const table = element('table');
    table.append(heading(columns, sorting, render), rowsOf(columns, sorting, { frame, panel }, context));
    body.replaceChildren(table);
    const all = length(frame);
    if (all > MOST_ROWS) body.append(element('p', 'note', context.words.rows(MOST_ROWS, all)));
  };
  render();
}

function heading(columns, sorting, render) {
  const row = element('tr');
  for (const { field, config } of columns) {
    const name = nameOf(field, config);
    const cell = element('th', alignment(field, config), name);
    if (config.custom.width) cell.style.width = `${config.custom.width}px`;
    if (sorting.name === name) cell.dataset.sorted = sorting.descending ? 'down' : 'up';
    cell.addEventListener('click', () => {
      sorting.descending = sorting.name === name ? !sorting.descending : false;
      sorting.name = name;
      render();
    });
    row.append(cell);
  }
  const head = element('thead');
  head.append(row);
  return head;
}

function rowsOf(columns, sorting, { frame, panel }, context) {
  const order = [...Array(length(frame)).keys()];
  const by = columns.find(({ field, config }) => nameOf(field, config) === sorting.name);
  if (by) order.sort((a, b) => compared(by.field.values[a], by.field.values[b]) * (sorting.descending ? -1 : 1));
  const rows = element('tbody');
  for (const row of order.slice(0, MOST_ROWS)) {
    const line = element('tr');
    for (const { field, config } of columns) line.append(cellOf(field, config, { row, frame, panel }, context));
    rows.append(line);
  }
  return rows;
}

function compared(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
}

function cellOf(field, config, place, context) {
  const told = shown(field.values[place.row], field, config, context);
  const cell = element('td', alignment(field, config));
  const link = (config.links ?? [])[0];
  const address = link && !told.empty ? linkTo(link, place, context) : '';
  const content = address ? element('a', '', told.text) : element('span', told.empty ? 'none' : '', told.text);
  if (address) {
    content.href = address;
    content.title = link.title ?? '';
    if (link.targetBlank) { content.target = '_blank'; content.rel = 'noopener'; }
  }
  const kind = config.custom.cellOptions?.type;
  if (kind === 'color-text' && told.colour) content.style.color = told.colour;
  if (kind === 'color-background' && told.colour) { cell.style.background = told.colour; cell.style.color = legibleOn(told.colour); }
  cell.title = told.text;
  cell.append(content);
  return cell;
}

function alignment(field, config) {
  return (field.type === 'number' && !config.mappings?.length) ? 'right' : '';
}
