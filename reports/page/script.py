"""The page's one script: sorts and filters the leaderboard, shows a trial in all charts.

It writes text as text only, and asks nobody for anything. The page's policy lets it run by its hash, and no other.
"""

import base64
import hashlib

SCRIPT = r"""
(() => {
'use strict';
const SHOWN = 100;
const find = id => document.getElementById(id);
const board = find('board'), data = find('trials');
if (!board || !data) return;
const told = JSON.parse(data.textContent);
const columns = told.columns.map(([name, label, kind]) => ({name, label, kind}));
const raw = cell => Array.isArray(cell) ? cell[0] : cell;
const text = cell => Array.isArray(cell) ? cell[1] : cell === null ? '' : String(cell);
const place = name => columns.findIndex(column => column.name === name);
const TRIAL = place('trial'), STATUS = place('status');
const body = board.tBodies[0], more = find('more'), count = find('count');
const query = find('filter'), status = find('status');
const state = {by: 0, down: false, most: SHOWN, picked: null};
const COMPARE = {
  '=': (a, b) => a === b, '!=': (a, b) => a !== b,
  '<': (a, b) => a < b, '<=': (a, b) => a <= b, '>': (a, b) => a > b, '>=': (a, b) => a >= b,
};
const words = told.rows.map(() => null);

function wordsOf(index) {
  if (words[index] === null) words[index] = told.rows[index].map(text).join(' ').toLowerCase();
  return words[index];
}

function named(name) {
  const wanted = name.toLowerCase().replaceAll('-', '_');
  const fits = column => [column.name, column.label].some(known => {
    const own = known.toLowerCase().replaceAll(' ', '_');
    return own === wanted || own.endsWith('.' + wanted);
  });
  return columns.flatMap((column, index) => fits(column) ? [index] : []);
}

function holds(cell, sign, value) {
  const own = raw(cell);
  if (own === null) return false;
  const number = value.trim() === '' ? NaN : Number(value);
  if (typeof own === 'number' && !Number.isNaN(number) && COMPARE[sign](own, number)) return true;
  if (sign.includes('<') || sign.includes('>')) return false;
  const same = [String(own), text(cell)].some(known => known.toLowerCase() === value.toLowerCase());
  return sign === '=' ? same : !same && !(typeof own === 'number' && own === number);
}

function conditions() {
  const unknown = [], tests = [];
  for (const word of query.value.trim().split(/\s+/).filter(Boolean)) {
    const found = /^([^<>=!]+)(<=|>=|!=|=|<|>)(.*)$/.exec(word);
    if (!found) {
      const wanted = word.toLowerCase();
      tests.push(index => wordsOf(index).includes(wanted));
      continue;
    }
    const places = named(found[1]);
    if (!places.length) unknown.push(found[1]);
    tests.push(index => places.some(at => holds(told.rows[index][at], found[2], found[3])));
  }
  if (status.value) tests.push(index => raw(told.rows[index][STATUS]) === status.value);
  return [tests, unknown];
}

function compared(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  const order = typeof a === 'number' && typeof b === 'number' ? a - b
    : String(a).localeCompare(String(b), 'en', {numeric: true});
  return state.down ? -order : order;
}

function row(cells) {
  const line = document.createElement('tr');
  line.dataset.trial = raw(cells[TRIAL]);
  cells.forEach((cell, at) => {
    const own = raw(cell), column = columns[at];
    const place = line.insertCell();
    place.className = column.kind + (at === STATUS ? ' status ' + own : typeof own === 'string' ? '' : ' number');
    if (own !== null) place.dataset.value = own;
    if (at === TRIAL) place.append(pickButton(own));
    else place.textContent = text(cell);
  });
  return line;
}

function pickButton(number) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'pick';
  button.textContent = number;
  button.setAttribute('aria-pressed', String(state.picked === String(number)));
  button.setAttribute('aria-label', 'Trial ' + number + ': show it in all charts');
  return button;
}

function show() {
  const [tests, unknown] = conditions();
  const found = told.rows.map((_, index) => index).filter(index => tests.every(test => test(index)));
  found.sort((a, b) => compared(raw(told.rows[a][state.by]), raw(told.rows[b][state.by])) || a - b);
  body.replaceChildren(...found.slice(0, state.most).map(index => row(told.rows[index])));
  const all = told.rows.length.toLocaleString('en'), shown = Math.min(found.length, state.most);
  const kept = found.length === told.rows.length ? all + ' trials' : found.length.toLocaleString('en') + ' of ' + all;
  count.textContent = unknown.length ? 'No column is called ' + unknown.join(', ') + '.'
    : kept + (shown < found.length ? ', the first ' + shown.toLocaleString('en') + ' shown' : '');
  more.hidden = shown === found.length;
  [...board.tHead.rows[0].cells].forEach((cell, at) => {
    if (at === state.by) cell.setAttribute('aria-sort', state.down ? 'descending' : 'ascending');
    else cell.removeAttribute('aria-sort');
  });
  marked();
}

function marked() {
  for (const element of document.querySelectorAll('.chosen')) element.classList.remove('chosen');
  document.documentElement.classList.toggle('choosing', state.picked !== null);
  if (state.picked !== null)
    for (const element of document.querySelectorAll('[data-trial="' + CSS.escape(state.picked) + '"]'))
      element.classList.add('chosen');
  for (const button of body.querySelectorAll('.pick'))
    button.setAttribute('aria-pressed', String(button.textContent === state.picked));
  find('chosen').hidden = state.picked === null;
  if (state.picked !== null) find('chosen-trial').textContent = 'Trial ' + state.picked + ' is shown in all charts.';
}

function pick(number) {
  state.picked = number === null || state.picked === String(number) ? null : String(number);
  marked();
}

[...board.tHead.rows[0].cells].forEach((cell, at) => cell.addEventListener('click', () => {
  state.down = state.by === at && !state.down;
  state.by = at;
  show();
}));
for (const [field, event] of [[query, 'input'], [status, 'change']])
  field.addEventListener(event, () => { state.most = SHOWN; show(); });
more.addEventListener('click', () => { state.most += 5 * SHOWN; show(); });
find('clear').addEventListener('click', () => pick(null));
document.addEventListener('keydown', event => { if (event.key === 'Escape') pick(null); });
document.addEventListener('click', event => {
  const mark = event.target.closest('[data-trial]');
  if (mark && !window.getSelection().toString()) pick(mark.dataset.trial);
});
for (const element of document.querySelectorAll('.controls')) element.hidden = false;
show();
})();
"""


def allowed() -> str:
    """The source of the page's policy that lets this script run, and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()}'"
