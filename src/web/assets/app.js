// What the pages do beyond links and forms: keys, selecting, filters that apply themselves. Everything essential works
// without it. No page has a script of its own; elements say by data-… what they take part in.

const rows = () => [...document.querySelectorAll('[data-row]')];
let current = null; // id of the row that keys are about
let decided = null; // id of the row that was decided last
let goOn = false; // its answer is on the way; the keys go on with the next row then

function currentRow() {
  const focused = document.activeElement?.closest?.('[data-row]');
  return focused ?? (current === null ? null : document.getElementById(current));
}

function focusRow(row) {
  if (!row) return;
  current = row.id;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: 'nearest' });
}

function move(step) {
  const all = rows();
  if (all.length === 0) return false;
  const at = all.indexOf(currentRow());
  focusRow(
    all[at === -1 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step))],
  );
  return true;
}

/** Presses whatever the key names in the current row, or else on the page. */
function press(key) {
  const row = currentRow();
  const find = (place) => place?.querySelector(`[data-key="${key}"]`) ?? null;
  let target = find(row);
  if (target === null && key === 'u' && decided !== null) target = find(document.getElementById(decided));
  if (target === null && rows().length === 0) target = find(document);
  if (target === null || target.disabled) return false;
  if (row !== null && target.matches('button.take')) {
    decided = row.id;
    goOn = true;
  }
  if (target.matches('input:not([type=checkbox]), textarea, select')) target.focus();
  else target.click();
  return true;
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typing = event.target.matches?.('input:not([type=checkbox]), textarea, select');
  if (typing) {
    if (event.key === 'Escape') event.target.blur();
    return;
  }
  const done =
    event.key === '/'
      ? focusSearch()
      : event.key === 'j'
        ? move(1) || press('j')
        : event.key === 'k'
          ? move(-1) || press('k')
          : event.key === 'f'
            ? focusFilter()
            : event.key === 's'
              ? focusSave()
              : ['1', '2', '3', 'e', 'u', 'x', 'o', 'a', 'n'].includes(event.key) && press(event.key);
  if (done) event.preventDefault();
});

function focusSearch() {
  const search = document.querySelector('[data-search]');
  search?.focus();
  return search !== null;
}

function focusSave() {
  const field = document.querySelector('[data-save]');
  if (field === null) return false;
  field.closest('details').open = true;
  field.focus();
  return true;
}

function focusFilter() {
  const filters = document.querySelector('details.selects');
  if (filters === null) return false;
  filters.open = true;
  filters.querySelector('select').focus();
  return true;
}

// A decided card is replaced by a new one: the keys go on with the next that is open.
document.addEventListener('htmx:afterSettle', (event) => {
  const id = event.detail.target?.id;
  const lost = document.activeElement === document.body || document.activeElement?.id === id;
  if (id && id === current && lost) {
    const all = rows();
    const at = all.findIndex((row) => row.id === id);
    const done = goOn && id === decided && !all[at]?.classList.contains('open');
    const next = all.slice(at + 1).find((row) => row.classList.contains('open'));
    focusRow(done && next ? next : all[at]);
    goOn = false;
  }
  countSelected();
});

// What refreshes itself waits while somebody is in the middle of it, and what was unfolded there stays so.
const unfolded = new Set();
document.addEventListener('htmx:beforeSwap', (event) => {
  const { target } = event.detail;
  if (target?.matches?.('[data-live]') && target.contains(document.activeElement)) {
    event.detail.shouldSwap = false;
  } else if (target?.matches?.('[data-live]')) {
    for (const { id } of target.querySelectorAll('details[open][id]')) unfolded.add(id);
  }
});
document.addEventListener('htmx:afterSettle', () => {
  for (const id of unfolded) document.getElementById(id)?.setAttribute('open', '');
  unfolded.clear();
});

// The server tells when something happened. A tab that nobody sees listens to nothing: a browser has few connections. Where
// the server will not tell (too many listen, a proxy in between), the page asks by itself.
const POLL_MS = 10_000;
const eventsPath = document.querySelector('[data-events]')?.dataset.events;
let stream = null;
let polling = null;

function refreshLive() {
  for (const part of document.querySelectorAll('[data-live]')) window.htmx.trigger(part, 'changed');
}

function listen() {
  stream?.close();
  stream = null;
  clearInterval(polling);
  if (document.hidden) return;
  stream = new EventSource(eventsPath);
  stream.addEventListener('change', refreshLive);
  stream.addEventListener('open', () => clearInterval(polling));
  stream.addEventListener('error', () => {
    clearInterval(polling);
    polling = setInterval(refreshLive, POLL_MS);
  });
}

if (eventsPath && window.htmx) {
  listen();
  document.addEventListener('visibilitychange', () => {
    listen();
    if (!document.hidden) refreshLive();
  });
}

// Filters apply themselves when something was chosen.
document.addEventListener('change', (event) => {
  if (event.target.matches?.('[data-auto] select')) event.target.form.requestSubmit();
  if (event.target.matches?.('[data-all]')) {
    for (const box of boxes()) box.checked = event.target.checked;
  }
  countSelected();
});

const boxes = () => [...document.querySelectorAll('input[type=checkbox][form=bulk]')];

function countSelected() {
  const bulk = document.querySelector('[data-bulk]');
  if (bulk === null) return;
  const n = boxes().filter((box) => box.checked).length;
  bulk.querySelector('[data-count]').textContent =
    n === 0 ? '' : bulk.dataset.selected.replace('{n}', String(n));
}

countSelected();
// An address such as #value means the field itself.
if (['#value', '#assign', '#note'].includes(location.hash))
  document.getElementById(location.hash.slice(1))?.focus();
