'use strict';

// A picture of a bus on a screen, and what keys change of it. Nothing here writes or reads.

const { plain, styled } = require('../support/output');
const { cut, memberTable, moduleTable } = require('./columns');
const { counted, unit } = require('./drawing');
const { byModule, figuresOf } = require('./figures');
const { problemsOf } = require('./problems');
const { KEYS, sorted } = require('./selection');

/**
 * @typedef {object} View
 * @property {'members' | 'modules' | 'problems'} shows
 * @property {number} top the first row that is shown, from 0
 * @property {import('./selection').Key} sort
 *
 * @typedef {{ columns: number, rows: number }} Size
 */

/** Rows that are no rows of the table: two above, its head, and one below. */
const AROUND = 4;

/**
 * How many rows of a table a screen has room for.
 *
 * @param {Size} size
 */
const pageOf = ({ rows }) => Math.max(1, rows - AROUND);

/**
 * @param {import('./picture').Picture} now
 * @param {View} view
 * @param {Size} size
 * @param {{ named: string, isWanted: (member: import('./picture').Seen) => boolean }} how
 * @returns {{ lines: string[], length: number }} as many lines as there are rows, none wider than the columns; and how many rows there are to
 *   scroll through
 */
function screen(now, view, size, { named, isWanted }) {
  const members = now.members.filter(isWanted);
  const problems = members.flatMap(problemsOf);
  const { head, rows } = body(members, problems, view, size.columns);
  const page = pageOf(size);
  const top = topWithin(view.top, rows.length, page);
  const state = now.connected ? `revision ${now.revision}` : 'lost, looking for it';
  const place = now.isOfProcesses ? `gRPC, by the sockets in ${plain(now.registry)} (${named})` : `registry ${now.registry} (${named})  cluster ${plain(now.cluster)}  ${state}`;
  const clipped = (/** @type {string} */ line) => cut(line, size.columns);
  const first = clipped(place);
  const second = clipped(`${now.isOfProcesses ? counted(members.length, 'process', 'processes') : counted(members.length, 'member')}${members.length < now.members.length ? ` of ${now.members.length}` : ''}, ${counted(problems.length, 'problem')}, ${unit(members)}, by ${view.sort}`);
  const range = rows.length === 0 ? 'nobody' : `${top + 1}-${Math.min(top + page, rows.length)} of ${rows.length}`;
  const last = clipped(`${range}  arrows, page: scroll  s: sort  m: ${next(SHOWN, view.shows)}  q: end`);
  const shown = rows.slice(top, top + page);
  const blank = new Array(Math.max(0, page - shown.length)).fill('');
  const styledState = styled(now.connected ? 'bold' : 'red', first);
  const lines = [styledState, problems.length > 0 ? styled('yellow', second) : second, styled('bold', clipped(head)), ...shown, ...blank, styled('dim', last)];
  return { lines: lines.slice(0, size.rows), length: rows.length };
}

/**
 * @param {import('./picture').Seen[]} members
 * @param {string[]} problems
 * @param {View} view
 * @param {number} width
 */
function body(members, problems, { shows, sort }, width) {
  if (shows === 'problems') return { head: 'problems', rows: problems.map((line) => cut(line, width)) };
  const figures = members.map(figuresOf);
  const chosen = sorted(shows === 'members' ? figures : byModule(figures), sort);
  const [head, ...rows] = (shows === 'members' ? memberTable : moduleTable)(chosen, width);
  return { head, rows: rows.map((row, at) => (chosen[at].silent > 0 ? styled('red', row) : row)) };
}

/** @param {number} top @param {number} length @param {number} page */
const topWithin = (top, length, page) => Math.max(0, Math.min(top, length - page));

const SHOWN = /** @type {const} */ (['members', 'modules', 'problems']);

/** @template T @param {readonly T[]} list @param {T} one @returns {T} */
const next = (list, one) => list[(list.indexOf(one) + 1) % list.length];

/**
 * @param {string | undefined} key as Node's readline names it
 * @param {View} view
 * @param {number} length rows that there are to scroll through
 * @param {number} page rows that are shown
 * @returns {View | null} the next; null to end
 */
function pressed(key, view, length, page) {
  const to = (/** @type {number} */ top) => ({ ...view, top: topWithin(top, length, page) });
  switch (key) {
    case 'q': return null;
    case 'up': case 'k': return to(view.top - 1);
    case 'down': case 'j': return to(view.top + 1);
    case 'pageup': return to(view.top - page);
    case 'pagedown': case 'space': return to(view.top + page);
    case 'home': return to(0);
    case 'end': return to(length);
    case 's': return { ...view, top: 0, sort: next(KEYS, view.sort) };
    case 'm': return { ...view, top: 0, shows: next(SHOWN, view.shows) };
    default: return view;
  }
}

module.exports = { pageOf, pressed, screen };
