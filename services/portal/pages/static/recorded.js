// Looking back over recorded minutes: one plays after the other; where there is none, the reason is said.

const form = document.getElementById('lookback');
if (form) {
  const words = form.dataset;
  const [day, time] = ['lookback-day', 'lookback-time'].map((id) => document.getElementById(id));
  const said = document.getElementById('lookback-said');
  const video = document.getElementById('lookback-video');
  const clock = new Intl.DateTimeFormat(words.lang, { timeZone: 'Asia/Jakarta', dateStyle: 'medium', timeStyle: 'short' });
  const lists = new Map();
  let playing = 0;

  /** Give the minutes of a day of the city, by their begin; today's are asked for anew. */
  const minutesOf = async (on) => {
    if (!lists.has(on)) {
      const answer = await fetch(`/recorded/${words.camera}/${on}`);
      if (!answer.ok) return new Map();
      const { minutes } = await answer.json();
      lists.set(on, new Map(minutes.map((minute) => [minute.minute_ms, minute])));
      setTimeout(() => lists.delete(on), 30_000);
    }
    return lists.get(on);
  };

  const dayOf = (ms) => new Date(ms + 7 * 3_600_000).toISOString().slice(0, 10);

  /** Play the minute that begins then, or say why there is none. */
  const show = async (ms) => {
    playing = ms;
    const minute = (await minutesOf(dayOf(ms))).get(ms);
    video.hidden = !minute?.url;
    if (minute?.url) {
      video.src = minute.url;
      said.textContent = `${words.label}: ${clock.format(minute.first_ms || ms)} WIB`;
      video.play().catch(() => {});
    } else {
      const reason = minute?.gap ? words[`gap${minute.gap.replaceAll('_', '')}`] : '';
      said.textContent = `${clock.format(ms)} WIB: ${reason || words.none}`;
    }
  };

  form.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const ms = Date.parse(`${day.value}T${time.value.slice(0, 5)}:00+07:00`);
    if (!Number.isNaN(ms)) show(ms);
  });
  video.addEventListener('ended', () => show(playing + 60_000));
  if (words.at) show(Math.floor(Number(words.at) / 60_000) * 60_000);
}
