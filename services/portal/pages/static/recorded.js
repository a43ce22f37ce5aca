// Looking back over recorded minutes: one plays after the other; where there is none, the reason is said. That nothing
// was recorded is said only where the list could be read, and the minute had its time to come into it.

const form = document.getElementById('lookback');
if (form) {
  const words = form.dataset;
  const [day, time] = ['lookback-day', 'lookback-time'].map((id) => document.getElementById(id));
  const said = document.getElementById('lookback-said');
  const video = document.getElementById('lookback-video');
  const simulated = document.getElementById('lookback-simulated');
  const clock = new Intl.DateTimeFormat(words.lang, { timeZone: 'Asia/Jakarta', dateStyle: 'medium', timeStyle: 'short' });
  const STORED_AFTER_MS = 660_000; // a minute lasts one, waits at most nine to be judged, and is then stored
  const lists = new Map();
  let playing = 0;

  /** Give the minutes of a day of the city, by their begin; today's are asked for anew. */
  const minutesOf = async (on) => {
    if (!lists.has(on)) {
      const answer = await fetch(`/recorded/${words.camera}/${on}`);
      if (!answer.ok) throw new Error(`the list of minutes: ${answer.status}`);
      const { minutes } = await answer.json();
      lists.set(on, new Map(minutes.map((minute) => [minute.minute_ms, minute])));
      setTimeout(() => lists.delete(on), 30_000);
    }
    return lists.get(on);
  };

  const dayOf = (ms) => new Date(ms + 7 * 3_600_000).toISOString().slice(0, 10);

  const whyGap = (minute) => words[`gap${minute.gap.replaceAll('_', '')}`];

  /** Why there is nothing of a minute. */
  const whyNone = (ms, minute) => {
    if (minute?.gap) return whyGap(minute);
    return ms > Number(words.now) + performance.now() - STORED_AFTER_MS ? words.notYet : words.none;
  };

  /** Say that what is recorded can't be had now, which is not that there is nothing. */
  const away = () => {
    lists.clear();
    video.hidden = true;
    said.textContent = words.away;
  };

  /** Play the minute that begins then, or say why there is none. */
  const show = async (ms) => {
    playing = ms;
    let minute;
    try {
      minute = (await minutesOf(dayOf(ms))).get(ms);
    } catch {
      if (playing === ms) away();
      return;
    }
    if (playing !== ms) return;
    video.hidden = !minute?.url;
    if (minute?.url) {
      video.src = minute.url;
      said.textContent = `${words.label}: ${clock.format(minute.first_ms || ms)} WIB`;
      if (minute.gap) said.append(`. ${words.partly.replace('{why}', whyGap(minute))}`);
      if (minute.simulated) said.append(' ', simulated.content.cloneNode(true));
      video.play().catch(() => {});
    } else {
      said.textContent = `${clock.format(ms)} WIB: ${whyNone(ms, minute)}`;
    }
  };

  form.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const ms = Date.parse(`${day.value}T${time.value.slice(0, 5)}:00+07:00`);
    if (!Number.isNaN(ms)) show(ms);
  });
  video.addEventListener('error', away);
  video.addEventListener('ended', () => show(playing + 60_000));
  if (words.at) show(Math.floor(Number(words.at) / 60_000) * 60_000);
}
