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
const MEANINGS = new Map(Object.entries(told.words)), REASON = place('reason'), LISTED = 8;
const ORDERS = {'<': (a, b) => a < b, '<=': (a, b) => a <= b, '>': (a, b) => a > b, '>=': (a, b) => a >= b};
const words = told.rows.map(() => null);

function wordsOf(index) {
  if (words[index] === null) words[index] = told.rows[index].map(text).join(' ').toLowerCase();
  return words[index];
}

// The rules are those of `cnnsearch report --where`.
const meaningsOf = word => MEANINGS.get(word) ?? MEANINGS.get(word.toLowerCase().replace(/[\s-]+/g, '_')) ?? [];
const either = names => [names.slice(0, -1).join(', '), names.at(-1)].filter(Boolean).join(' or ');
const nameOf = at => at.length === 1 ? columns[at[0]].name
  : columns[at[0]].name.split('.').filter(part => !/^\d+$/.test(part)).join('.');
const numberOf = own => own === null || String(own).trim() === '' ? NaN : Number(own);

function textsOf(cells, at) {
  const shown = at.map(index => cells[index]).filter(cell => cell !== null).map(text).join('/');
  if (at[0] !== STATUS) return [shown];
  const reason = cells[REASON], state = raw(cells[STATUS]);
  return [shown, ...state === 'failed' ? [shown + ': ' + raw(reason)] : state === 'stopped_early' ? ['stopped'] : []];
}

function isEqual(cells, at, wanted) {
  const own = at.length === 1 ? raw(cells[at[0]]) : '';
  if (own === null) return wanted === '' || wanted === 'null';
  const number = numberOf(wanted), lower = wanted.toLowerCase();
  const inThree = typeof own === 'number' && !Number.isInteger(own) ? Number(own.toPrecision(3)) : own;
  if (typeof own === 'number' && (own === number || inThree === number)) return true;
  if (typeof own === 'string' && at.length === 1 && own.toLowerCase() === lower) return true;
  return textsOf(cells, at).some(known => known.toLowerCase() === lower);
}

function holds(cells, at, sign, wanted) {
  if (sign in ORDERS) return ORDERS[sign](numberOf(raw(cells[at[0]])), Number(wanted));
  return isEqual(cells, at, wanted) === (sign !== '!=');
}

// Names and values may be several words: the longest that there are. After a sign may be a space, and then a value:
// `momentum= trial<9` asks for none.
function parsed() {
  const tight = query.value.trim().replace(/\s+/g, ' ').replace(/ ?(<=|>=|!=|==|=|<|>)/g, '$1');
  const joined = tight.replace(/(<=|>=|!=|==|=|<|>) (?![^ <>=!]+[<>=!])/g, '$1');
  const pieces = joined.split(' ').filter(Boolean);
  const asked = [], others = [];
  let before = [];
  for (let at = 0; at < pieces.length; at++) {
    const found = /^([^<>=!]+)(<=|>=|!=|==|=|<|>)(.*)$/.exec(pieces[at]);
    if (!found) { before.push(pieces[at]); continue; }
    const named = count => [...before.slice(before.length - count), found[1]].join(' ');
    let count = before.length;
    while (count && !meaningsOf(named(count)).length) count--;
    const name = named(count), sign = found[2], meanings = meaningsOf(name);
    others.push(...before.slice(0, before.length - count));
    before = [];
    const rest = pieces.slice(at + 1), end = rest.findIndex(piece => /[<>=!]/.test(piece));
    let more = sign in ORDERS || meanings.length !== 1 ? 0 : end < 0 ? rest.length : end;
    const value = count => [found[3], ...rest.slice(0, count)].join(' ');
    while (more && !told.rows.some(cells => isEqual(cells, meanings[0], value(more)))) more--;
    asked.push({name, sign, meanings, wanted: value(more)});
    at += more;
  }
  return [asked, [...others, ...before]];
}

function faultOf({name, sign, meanings, wanted}) {
  if (!meanings.length) return 'No column is called ' + name + '.';
  const logged = meanings.length > 1 && MEANINGS.has('metric.' + name) ? ['metric.' + name] : [];
  if (meanings.length > 1) return name + ' may be ' + either([...meanings.map(nameOf), ...logged]) + ': write one.';
  if (!(sign in ORDERS)) return '';
  if (meanings[0].length > 1)
    return sign + ' compares one value: write ' + either(meanings[0].map(at => columns[at].name)) + '.';
  return Number.isNaN(numberOf(wanted)) ? sign + ' compares with a number, got "' + wanted + '".' : '';
}

function apart(one, other) {
  const between = Math.abs(numberOf(one) - numberOf(other));
  if (!Number.isNaN(between)) return between;
  let steps = [...Array(other.length + 1).keys()];
  [...one].forEach((letter, at) => {
    const next = [at + 1];
    for (let k = 1; k < steps.length; k++)
      next.push(Math.min(next[k - 1] + 1, steps[k] + 1, steps[k - 1] + (letter === other[k - 1] ? 0 : 1)));
    steps = next;
  });
  return steps.at(-1);
}

function doubtOf({sign, meanings: [at], wanted}) {
  if (sign in ORDERS || wanted === '' || wanted === 'null' || !told.rows.length) return '';
  if (told.rows.some(cells => isEqual(cells, at, wanted))) return '';
  const there = [...new Set(told.rows.map(cells => textsOf(cells, at)[0]).filter(Boolean))];
  const near = new Map(there.map(known => [known, apart(known.toLowerCase(), wanted.toLowerCase())]));
  there.sort((a, b) => near.get(a) - near.get(b));
  const more = there.length > LISTED ? ' and ' + (there.length - LISTED).toLocaleString('en') + ' more' : '';
  return 'No trial has ' + nameOf(at) + ' "' + wanted + '". '
    + (there.length ? 'There are ' + there.slice(0, LISTED).join(', ') + more + '.' : 'None has any.');
}

function conditions() {
  const [asked, others] = parsed();
  const tests = others.map(word => index => wordsOf(index).includes(word.toLowerCase()));
  const faults = asked.map(faultOf).filter(Boolean);
  if (faults.length) return [[() => false], faults, []];
  for (const {sign, meanings: [at], wanted} of asked)
    tests.push(index => holds(told.rows[index], at, sign, wanted));
  if (status.value) tests.push(index => raw(told.rows[index][STATUS]) === status.value);
  return [tests, faults, asked.map(doubtOf).filter(Boolean)];
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
  const [tests, faults, doubts] = conditions();
  const found = told.rows.map((_, index) => index).filter(index => tests.every(test => test(index)));
  found.sort((a, b) => compared(raw(told.rows[a][state.by]), raw(told.rows[b][state.by])) || a - b);
  body.replaceChildren(...found.slice(0, state.most).map(index => row(told.rows[index])));
  const all = told.rows.length.toLocaleString('en'), shown = Math.min(found.length, state.most);
  const kept = found.length === told.rows.length ? all + ' trials' : found.length.toLocaleString('en') + ' of ' + all;
  const rest = shown < found.length ? ', the first ' + shown.toLocaleString('en') + ' shown' : '';
  count.textContent = faults.length ? faults.join(' ') : [kept + rest, ...doubts].join('. ');
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
