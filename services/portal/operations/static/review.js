// The review queue by keyboard: j and k walk, c and r begin a verdict, Enter sends it, Escape gives it up.

const queue = document.getElementById('queue');
const said = document.getElementById('said');

function cards() {
  return [...queue.querySelectorAll('.episode:not(.leaving)')];
}

function current() {
  return document.activeElement?.closest('.episode') ?? null;
}

function walk(step) {
  const all = cards();
  if (!all.length) return;
  const here = all.indexOf(current());
  const next = here < 0 ? 0 : Math.min(all.length - 1, Math.max(0, here + step));
  all[next].focus();
  all[next].scrollIntoView({ block: 'nearest' });
}

function begin(verdict) {
  const card = current() ?? cards()[0];
  const form = card?.querySelector('.verdict');
  if (!form) return;
  form.dataset.verdict = verdict;
  form.reason.focus();
}

async function send(form, verdict) {
  const card = form.closest('.episode');
  const after = cards()[cards().indexOf(card) + 1] ?? cards()[cards().indexOf(card) - 1];
  card.classList.add('leaving');
  const fields = new URLSearchParams({ form_token: form.form_token.value, reason: form.reason.value });
  let trouble = '';
  try {
    const address = `/operations/episodes/${card.dataset.episode}/${verdict}`;
    const answer = await fetch(address, { method: 'POST', body: fields, headers: { accept: 'application/json' } });
    if (!answer.ok) trouble = (await answer.json()).error;
  } catch (error) {
    trouble = String(error);
  }
  if (trouble) {
    card.classList.remove('leaving');
    said.textContent = said.dataset.failed + trouble;
    form.reason.focus();
    return;
  }
  said.textContent = verdict === 'confirm' ? said.dataset.confirmed : said.dataset.rejected;
  card.remove();
  document.getElementById('nothing').hidden = cards().length > 0;
  after?.focus();
}

queue.querySelectorAll('.undecided').forEach((button) => { button.disabled = false; });
queue.addEventListener('submit', (event) => {
  const form = event.target;
  if (!form.classList.contains('verdict')) return;
  event.preventDefault();
  const verdict = event.submitter?.dataset.verdict ?? form.dataset.verdict;
  if (verdict) send(form, verdict);
  else said.textContent = said.dataset.choose;
});

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape') {
    const card = current();
    if (card) delete card.querySelector('.verdict')?.dataset.verdict;
    card?.focus();
    return;
  }
  if (event.target.closest('input, select, textarea, summary')) return;
  const actions = { j: () => walk(1), k: () => walk(-1), c: () => begin('confirm'), r: () => begin('reject') };
  const action = actions[event.key];
  if (action) {
    event.preventDefault();
    action();
  }
});
