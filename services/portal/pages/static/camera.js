// The live picture of a camera, and the last ten minutes of it. Works without a library; figures need no script at all.

const KEPT_MS = 600_000;
const AGAIN_MS = 2_000;
const LONGEST_MS = 20_000;
const ASKING_MS = 5_000;
const GONE = [404, 410];
const BUSY = 429;
const byId = (id) => document.getElementById(id);
const box = byId('live');
const said = box.dataset;
const [picture, blank, slider, pause] = ['picture', 'blank', 'timeline', 'pause'].map(byId);
const seconds = new Intl.DateTimeFormat(said.lang, { timeZone: 'Asia/Jakarta', hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
const minutes = new Intl.DateTimeFormat(said.lang, { timeZone: 'Asia/Jakarta', dateStyle: 'medium', timeStyle: 'short' });

const view = { frames: [], shown: -1, live: true, state: '', since: 0, delayMs: 0, toldAt: Date.now(), refusals: 0, restUntil: 0 };
const line = { stream: null, heardAt: 0, cut: false, tries: 0, reading: 0 };

/** Give how long to wait for the next try, 2 to 30 s: longer each time, and not all pages at once. */
const pauseMs = (tries) => Math.min(LONGEST_MS, AGAIN_MS * 2 ** tries) * (1 + Math.random() / 2);

/** Tell whether the portal asked for a pause: too much comes from this page's address. */
const isResting = () => performance.now() < view.restUntil;

/** Show the frame at that place of the timeline, or why there is none. */
function show(index) {
  view.shown = Math.max(0, Math.min(index, view.frames.length - 1));
  const frame = view.frames[view.shown];
  const visible = Boolean(frame) && !(view.live && !['', 'live'].includes(view.state));
  picture.hidden = !visible;
  blank.hidden = visible;
  if (visible && picture.getAttribute('src') !== frame.url && !(view.live && isResting())) picture.src = frame.url;
  slider.max = Math.max(0, view.frames.length - 1);
  slider.value = view.shown;
  slider.setAttribute('aria-valuetext', frame ? `${seconds.format(frame.captured_at_ms)} WIB` : said.empty);
  pause.textContent = view.live ? said.pause : said.resume;
  byId('controls').hidden = view.frames.length === 0;
  label();
  tell();
}

/** Name the camera's state, and that a picture of the past is none of now. */
function label() {
  const names = view.live ? [view.state] : ['past', view.state].filter((name) => name !== 'live');
  const badges = names.filter(Boolean).map((name) => {
    const badge = document.createElement('span');
    badge.className = `badge state-${name}`;
    badge.textContent = said[`name${name[0].toUpperCase()}${name.slice(1)}`];
    return badge;
  });
  const state = byId('state');
  const text = badges.map((badge) => badge.textContent).join(' ');
  if (badges.length && state.textContent !== text) state.replaceChildren(...badges.flatMap((badge) => [' ', badge]).slice(1));
}

/** Say when the picture was taken, and how long ago that is. */
function tell() {
  const frame = view.frames[view.shown];
  if (!frame || picture.hidden) { byId('said').textContent = ''; return; }
  if (view.live && (isResting() || line.cut)) { byId('said').textContent = isResting() ? said.whyBusy : said.whyLost; return; }
  const time = `${seconds.format(frame.captured_at_ms)} WIB`;
  const age = Math.round((view.delayMs + Date.now() - view.toldAt) / 1000);
  byId('said').textContent = view.live ? said.delay.replace('{time}', time).replace('{seconds}', age) : said.past.replace('{time}', time);
}

/** Look at the past, or go on live. */
function go(index) {
  view.live = index >= view.frames.length - 1;
  show(index);
}

/** Go so many seconds on, or back where they are negative. */
function leap(by) {
  const from = view.frames[view.shown];
  if (!from) return;
  const wanted = from.captured_at_ms + by * 1000;
  let index = view.frames.findIndex((frame) => frame.captured_at_ms >= wanted);
  if (index < 0) index = view.frames.length - 1;
  go(index);
}

/** Take a frame, in order of capture; ones that are too old, or there, are left out. */
function add(frame) {
  if (view.frames.some((other) => other.url === frame.url)) return;
  const current = view.frames[view.shown];
  view.frames.push(frame);
  view.frames.sort((a, b) => a.captured_at_ms - b.captured_at_ms);
  const oldest = view.frames.at(-1).captured_at_ms - KEPT_MS;
  view.frames = view.frames.filter((other) => other.captured_at_ms >= oldest);
  view.shown = current ? Math.max(0, view.frames.indexOf(current)) : view.frames.length - 1;
}

/** Forget what was captured from then on: nobody may see it any more. */
function withdraw(since) {
  const current = view.frames[view.shown];
  view.frames = view.frames.filter((frame) => frame.captured_at_ms < since);
  view.shown = view.frames.indexOf(current);
  if (view.shown < 0) view.live = true;
}

/** Show how the camera is now. What a quarantine withdraws is forgotten here too. */
function setState(name, since) {
  const key = name[0].toUpperCase() + name.slice(1);
  const before = view.state;
  [view.state, view.since] = [name, since];
  byId('blank-state').textContent = said[`blank${key}`];
  byId('blank-why').textContent = name === 'live' ? '' : said[`why${key}`].replace('{time}', since ? `${minutes.format(since)} WIB` : '…');
  if (name === 'gone') withdraw(0);
  else if (name === 'quarantined') withdraw(since);
  else if (before && before !== name && !['silent', 'lost', 'busy'].includes(name)) read();
  show(view.live ? view.frames.length - 1 : view.shown);
}

/** Ask, and wait so long for the answer and, where it is to be read, for what it says; null: that did not come. */
async function ask(url, cache, contentOf = () => null, asking = new AbortController()) {
  const enough = setTimeout(() => asking.abort(), ASKING_MS);
  try {
    const answer = await fetch(url, { cache, signal: asking.signal });
    return { status: answer.status, content: answer.ok ? await contentOf(answer) : null };
  } catch {
    return null;
  } finally {
    clearTimeout(enough);
  }
}

/** Read the list of the last ten minutes anew. What was told since it was made, and it can't know, stays. */
async function read() {
  const answer = await ask(`/cameras/${said.camera}/recent`, 'no-cache', (each) => each.json());
  if (!answer?.content) {
    clearTimeout(line.reading);
    if (!GONE.includes(answer?.status)) line.reading = setTimeout(read, pauseMs(2));
    return;
  }
  const { state, since_ms: since, judged_through_ms: known, frames: listed } = answer.content;
  if (view.state === 'gone') return;
  const current = view.frames[view.shown]?.url;
  const frames = view.frames = [...listed, ...view.frames.filter((frame) => frame.captured_at_ms > known)];
  const place = frames.findIndex((frame) => frame.url === current);
  if (!view.live && place < 0) view.live = true;
  if (!view.state) setState(state, since);
  show(view.live ? frames.length - 1 : place);
}

/** Go to the moment that the address names, where it still can be shown. */
function goToAsked() {
  const at = Number(said.at ?? NaN);
  const index = view.frames.findIndex((frame) => frame.captured_at_ms >= at);
  if (index >= 0 && view.frames[0].captured_at_ms <= at + 60_000) { view.live = false; show(index); }
}

/** Open the stream. Whatever comes by it, be it a sign of life alone, says that it is there. */
function follow() {
  const stream = line.stream = new EventSource(`/live/${said.camera}`);
  line.heardAt = Date.now();
  const on = (name, act) => stream.addEventListener(name, ({ data }) => {
    Object.assign(line, { heardAt: Date.now(), cut: false, tries: 0 });
    act(data && JSON.parse(data));
  });
  on('frame', (frame) => {
    add(frame);
    [view.delayMs, view.toldAt] = [frame.delay_ms, Date.now()];
    show(view.live ? view.frames.length - 1 : view.shown);
  });
  on('state', ({ state, since_ms: since }) => setState(state, since));
  on('beat', () => {});
  stream.addEventListener('error', () => {
    line.cut = true;
    tell();
    if (stream.readyState === EventSource.CLOSED) lose(); // else the browser comes back by itself
  });
}

/** The stream was refused, or is dead: what was shown is not live any more. Say so and why, and try again. */
async function lose() {
  line.stream.close();
  line.stream = null;
  if (!['gone', 'busy'].includes(view.state)) setState('lost');
  const asking = new AbortController();
  const answer = await ask(`/live/${said.camera}`, 'no-store', undefined, asking);
  asking.abort(); // where it is open again: the next try takes it
  setState(GONE.includes(answer?.status) ? 'gone' : answer?.status === BUSY ? 'busy' : 'lost');
  setTimeout(follow, pauseMs(line.tries++));
}

/** A stream that says nothing, not even that it lives, is dead, whatever the browser thinks of it: the phone slept. */
function watch() {
  if (line.stream && Date.now() - line.heardAt > said.silent * 1500) lose();
}

/** A picture did not come. Forget it where it was withdrawn or is gone; a server that is busy is asked again. */
async function failed(url) {
  const status = await fetch(url, { cache: 'no-store' }).then((answer) => answer.status, () => 0);
  if (GONE.includes(status)) {
    view.frames = view.frames.filter((frame) => frame.url !== url);
    show(view.live ? view.frames.length - 1 : view.shown);
  } else {
    const waitMs = status === BUSY ? pauseMs(view.refusals++) : AGAIN_MS;
    if (status === BUSY) view.restUntil = performance.now() + waitMs;
    setTimeout(() => {
      show(view.live ? view.frames.length - 1 : view.shown);
      if (picture.getAttribute('src') === url) picture.src = url;
    }, waitMs);
  }
}

picture.addEventListener('load', () => { view.refusals = 0; });
picture.addEventListener('error', () => failed(picture.getAttribute('src')));
slider.addEventListener('input', () => go(Number(slider.value)));
slider.addEventListener('keydown', (event) => {
  const by = { PageUp: -30, PageDown: 30 }[event.key];
  if (by) { event.preventDefault(); leap(by); }
});
pause.addEventListener('click', () => { view.live = !view.live; show(view.live ? view.frames.length - 1 : view.shown); });
byId('back').addEventListener('click', () => { view.live = false; show(view.shown - 1); });
byId('on').addEventListener('click', () => go(view.shown + 1));
byId('minute-back').addEventListener('click', () => leap(-60));
setInterval(() => { watch(); tell(); }, 1000);
read().finally(() => { goToAsked(); follow(); });
