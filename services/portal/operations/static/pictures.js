// A picture that is not there any more says so, instead of showing a broken image; one that is there says when it was
// captured, which its answer tells as server timing: what an image shows and when that was come by one answer.

function tell(image) {
  const said = document.createElement('p');
  said.className = 'gone';
  said.textContent = document.body.dataset.gone;
  image.replaceWith(said);
}

const images = [...document.querySelectorAll('figure img')];
for (const image of images) {
  if (image.complete && image.naturalWidth === 0 && image.src && image.loading !== 'lazy') tell(image);
  else image.addEventListener('error', () => tell(image), { once: true });
}

const moment = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: 'medium',
  timeStyle: 'medium',
  timeZone: 'Asia/Jakarta',
});

function date(entry) {
  const captured = entry.serverTiming?.find((timing) => timing.name === 'captured');
  if (!captured) return;
  const at = new Date(Number(captured.description));
  for (const image of images.filter((each) => each.src === entry.name)) {
    const caption = image.closest('figure')?.querySelector('figcaption');
    if (!caption || caption.querySelector('time')) continue;
    const time = document.createElement('time');
    time.dateTime = at.toISOString();
    time.textContent = `${moment.format(at)} WIB`;
    caption.append(' · ', time);
  }
}

new PerformanceObserver((list) => list.getEntries().forEach(date)).observe({ type: 'resource', buffered: true });
