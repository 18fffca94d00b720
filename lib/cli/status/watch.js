'use strict';

// Looks again and again, on a terminal, with a view that keys change.

const { openTerminal } = require('./terminal');
const { pageOf, pressed, screen } = require('./screen');

/**
 * @param {() => Promise<import('./picture').Picture>} look with rates since the last one
 * @param {object} how
 * @param {string} how.named what says where the registry is
 * @param {import('./selection').Key} how.sort
 * @param {(member: import('./picture').Seen) => boolean} how.isWanted
 * @param {number} how.width no line is wider, whatever the terminal is
 * @param {() => Promise<boolean>} pause false if it is to end
 * @param {{ asked: Promise<void>, ask: () => void }} end
 */
async function watch(look, how, pause, end) {
  /** @type {import('./screen').View} */
  let view = { shows: 'members', top: 0, sort: how.sort };
  /** @type {import('./picture').Picture | null} */
  let last = null;
  let length = 0;
  const draw = () => {
    if (last === null) return;
    const shown = screen(last, view, size(), how);
    length = shown.length;
    terminal.draw(shown.lines);
  };
  const terminal = openTerminal({
    onKey(name) {
      const next = pressed(name, view, length, pageOf(size()));
      if (next === null) return end.ask();
      view = next;
      draw();
    },
    onResize: draw,
    onEnd: end.ask,
  });
  const size = () => {
    const { columns, rows } = terminal.size();
    return { columns: Math.min(columns, how.width), rows };
  };
  try {
    do {
      // A look may take seconds: nobody who wants to end waits for that.
      last = (await Promise.race([look(), end.asked])) ?? last;
      draw();
    } while (await pause());
  } finally {
    terminal.close();
  }
}

module.exports = { watch };
