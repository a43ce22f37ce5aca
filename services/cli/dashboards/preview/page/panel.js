// One panel: its frame, what it asks, and which drawing shows the answer.

import { drawBars } from '/page/panel_bars.js';
import { drawMap } from '/page/panel_map.js';
import { drawSeries } from '/page/panel_series.js';
import { drawStat } from '/page/panel_stat.js';
import { drawStates } from '/page/panel_states.js';
import { drawTable } from '/page/panel_table.js';
import { element } from '/page/fields.js';
import { frameOf, length, transformed } from '/page/frames.js';

const DRAWINGS = {
  stat: drawStat, timeseries: drawSeries, barchart: drawBars, 'state-timeline': drawStates, table: drawTable, geomap: drawMap,
};

/** The frame of a panel, at its place in the grid of 24 columns. */
export function makePanel(panel) {
  const box = element('section', panel.type === 'row' ? 'panel row' : 'panel');
  box.dataset.panel = panel.id;
  box.dataset.type = panel.type;
  const { x, y, w, h } = panel.gridPos;
  box.style.gridColumn = `${x + 1} / span ${w}`;
  box.style.gridRow = `${y + 1} / span ${h}`;
  const head = element('h2');
  head.append(element('span', '', panel.title));
  box.append(head);
  if (panel.type === 'row') return box;
  if (panel.description) {
    const sign = element('span', 'about', 'i');
    sign.tabIndex = 0;
    sign.append(element('span', 'description', panel.description));
    head.append(sign);
  }
  box.append(element('div', 'body'));
  box.dataset.state = 'waiting';
  return box;
}

/** Ask for a panel's answer and draw it; gives how many ms the answer took. */
export async function fillPanel(box, panel, context, ask) {
  const body = box.querySelector('.body');
  const began = performance.now();
  box.classList.add('loading');
  try {
    const answer = await ask(body.clientWidth);
    show(box, body, panel, answer, context);
  } catch (error) {
    if (error.name === 'AbortError') return 0;
    say(box, body, 'error', error.message);
  }
  box.classList.remove('loading');
  return performance.now() - began;
}

function show(box, body, panel, answer, context) {
  body.dispose?.();
  delete body.dispose;
  if (panel.type === 'text') {
    body.innerHTML = answer.html; // from the dashboard's own Markdown, in which HTML stays text
    box.dataset.state = 'drawn';
    return;
  }
  const failed = answer.results.filter((result) => result.error);
  if (failed.length === answer.results.length) { say(box, body, 'error', failed[0].error); return; }
  warn(box, failed.map((result) => `${result.refId}: ${result.error}`).join('\n'));
  const frames = transformed(answer.results.filter((result) => !result.error).map(frameOf), panel.transformations);
  const drawing = DRAWINGS[panel.type];
  if (!drawing) { say(box, body, 'error', `the preview does not draw panels of the type ${panel.type}`); return; }
  const empty = !frames.some((frame) => length(frame) > 0);
  const drawn = !empty && drawing(body, panel, frames, context) !== false;
  if (drawn) box.dataset.state = 'drawn';
  else say(box, body, 'no-data', panel.fieldConfig?.defaults?.noValue ?? context.words.nothing);
}

/** Show in a panel's heading that a part of it is missing. */
function warn(box, text) {
  box.querySelector('.warning')?.remove();
  if (!text) return;
  const sign = element('span', 'warning', '!');
  sign.title = text;
  box.querySelector('h2').append(sign);
}

function say(box, body, state, text) {
  box.dataset.state = state;
  body.replaceChildren(element('p', `said ${state}`, text));
}
