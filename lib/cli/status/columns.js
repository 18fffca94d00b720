'use strict';

// Figures as a table that is no wider than it may be: the columns that say least go first, and what is left
// is for the ids.

const { plain } = require('../support/output');

/** @typedef {import('./figures').Figures} Figures */
/**
 * @typedef {object} Column
 * @property {string} head
 * @property {number} rank the highest goes first, all of one together; 0 stays
 * @property {boolean} isText to the left
 * @property {(of: Figures, longest: number) => string} cell `longest`: of a text
 */

const BETWEEN = 2;
/** Less room than this for ids says nothing. */
const LEAST_IDS = 10;
/** Where nothing bounds the width. */
const MOST_IDS = 60;
/** Where there is little room figures say more than the whole of a name. */
const longestText = (/** @type {number} */ width) => (width < 100 ? 16 : 24);

/** @param {number | null} value at most six characters, which totals of weeks are not */
function count(value) {
  if (value === null) return '-';
  if (value >= 1e8) return `${Math.round(value / 1e6)}M`;
  return value >= 1e5 ? `${Math.round(value / 1e3)}k` : String(Math.round(value));
}
/** @param {number | null} value */
const amount = (value) => (value === null || value >= 1e5 ? count(value) : String(Number(value.toFixed(1))));
/** @param {number | null} value */
const duration = (value) => (value === null ? '-' : value === Infinity ? '>10000' : String(value));

/**
 * @param {string} head
 * @param {number} rank
 * @param {(of: Figures) => string} cell
 * @returns {Column}
 */
const text = (head, rank, cell) => ({ head, rank, isText: true, cell: (of, longest) => cutInside(plain(cell(of)), longest) });
/**
 * @param {string} head
 * @param {number} rank
 * @param {(of: Figures) => string} cell
 * @returns {Column}
 */
const number = (head, rank, cell) => ({ head, rank, isText: false, cell });

const TRAFFIC = [
  number('calls in', 0, (of) => count(of.callsIn)),
  number('out', 0, (of) => count(of.callsOut)),
  number('errors', 1, (of) => count(of.failedIn)),
  number('failed', 1, (of) => count(of.failedOut)),
  number('p99 ms', 1, (of) => duration(of.p99)),
  number('casts in', 7, (of) => count(of.castsIn)),
  number('out', 7, (of) => count(of.castsOut)),
  number('topics in', 8, (of) => count(of.topicsIn)),
  number('out', 8, (of) => count(of.topicsOut)),
  number('kB in', 6, (of) => amount(of.kBIn)),
  number('out', 6, (of) => amount(of.kBOut)),
  number('pending', 2, (of) => count(of.pending)),
  number('waiting', 4, (of) => count(of.waiting)),
  number('queued', 5, (of) => count(of.queued)),
  number('lost', 3, (of) => count(of.lost)),
  number('again', 9, (of) => count(of.again)),
];
const MEMBERS = [text('module', 0, (of) => of.module || '-'), number('pid', 0, (of) => of.pid || '-'), text('host', 10, (of) => of.host || '-'), text('address', 11, (of) => of.address), ...TRAFFIC];
const MODULES = [text('module', 0, (of) => of.module || '-'), number('members', 0, (of) => count(of.members)), number('silent', 1, (of) => count(of.silent)), ...TRAFFIC];

/** @param {string} line @param {number} width */
const cut = (line, width) => (line.length <= width ? line : width < 2 ? line.slice(0, width) : `${line.slice(0, width - 1)}…`);

/**
 * Names that begin in the same way end in another.
 *
 * @param {string} name @param {number} width
 */
function cutInside(name, width) {
  if (name.length <= width) return name;
  const end = Math.floor((width - 1) / 2);
  return `${name.slice(0, width - 1 - end)}…${name.slice(name.length - end)}`;
}

/**
 * As many as there is room for, and how many more there are.
 *
 * @param {string[]} ids
 * @param {number} room
 */
function idsIn(ids, room) {
  let names = '';
  let best = '';
  for (let shown = 1; shown <= ids.length && names.length < room; shown++) {
    names += `${shown > 1 ? ', ' : ''}${plain(ids[shown - 1])}`;
    const line = names + more(ids.length - shown);
    if (line.length <= room) best = line;
  }
  if (best !== '' || ids.length === 0) return best;
  const others = more(ids.length - 1);
  return `${cut(plain(ids[0]), Math.max(1, room - others.length))}${others}`;
}

/** @param {number} count */
const more = (count) => (count > 0 ? ` +${count}` : '');

/**
 * Without columns that nobody has anything for.
 *
 * @param {Column[]} columns
 * @param {Figures[]} rows
 * @param {number} width of the whole line
 */
function fitting(columns, rows, width) {
  const longest = longestText(width);
  const filled = columns.map(({ cell, ...column }) => ({ ...column, cells: rows.map((row) => cell(row, longest)) }));
  const used = filled.filter(({ rank, cells }) => rank < 2 || cells.some((cell) => cell !== '-'));
  let left = used.map((column) => ({ ...column, width: column.cells.reduce((most, cell) => Math.max(most, cell.length), column.head.length) }));
  while (left.some(({ rank }) => rank > 0) && left.reduce((sum, { width }) => sum + width + BETWEEN, 0) > width - LEAST_IDS) {
    const least = Math.max(...left.map(({ rank }) => rank));
    left = left.filter(({ rank }) => rank < least);
  }
  return left;
}

/**
 * @param {Column[]} columns
 * @param {string} last the head of what is behind them
 * @param {Figures[]} rows
 * @param {number} width
 * @returns {string[]} lines, that of the head first; none is wider
 */
function table(columns, last, rows, width) {
  const chosen = fitting(columns, rows, width);
  const taken = chosen.reduce((sum, { width }) => sum + width + BETWEEN, 0);
  const room = Math.min(Math.max(width - taken, 1), width === Infinity ? MOST_IDS : Infinity);
  const padded = (/** @type {string} */ cell, /** @type {{ isText: boolean, width: number }} */ column) => (column.isText ? cell.padEnd(column.width) : cell.padStart(column.width));
  const line = (/** @type {string[]} */ cells, /** @type {string} */ end) => cut([...cells, end].join(' '.repeat(BETWEEN)).trimEnd(), width);
  return [
    line(chosen.map((column) => padded(column.head, column)), last),
    ...rows.map((row, at) => line(chosen.map((column) => padded(column.cells[at], column)), idsIn(row.ids, room))),
  ];
}

/** @param {Figures[]} rows @param {number} width */
const memberTable = (rows, width) => table(MEMBERS, 'serves', rows, width);
/** @param {Figures[]} rows @param {number} width */
const moduleTable = (rows, width) => table(MODULES, 'serves', rows, width);

module.exports = { cut, idsIn, memberTable, moduleTable };
