// A picture that is not there any more says so, instead of showing a broken image.

function tell(image) {
  const said = document.createElement('p');
  said.className = 'gone';
  said.textContent = document.body.dataset.gone;
  image.replaceWith(said);
}

for (const image of document.querySelectorAll('figure img')) {
  if (image.complete && image.naturalWidth === 0 && image.src && image.loading !== 'lazy') tell(image);
  else image.addEventListener('error', () => tell(image), { once: true });
}
