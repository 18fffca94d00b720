'use strict';

// The terminal that a screen is on: keys as they are pressed, lines over what was there, and all as it was when it ends.

const readline = require('node:readline');

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR = '\x1b[H\x1b[2J';
const TOP_LEFT = '\x1b[H';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';

/**
 * @param {{ onKey: (name: string | undefined) => void, onResize: () => void, onEnd: () => void }} listener `onEnd`: Ctrl-C
 * @param {NodeJS.ReadStream} [input]
 * @param {NodeJS.WriteStream} [output]
 */
function openTerminal({ onKey, onResize, onEnd }, input = process.stdin, output = process.stdout) {
  /** @param {string} _text @param {{ name?: string, ctrl?: boolean }} key */
  const keypress = (_text, { name, ctrl }) => (ctrl && name === 'c' ? onEnd() : onKey(name));
  // Without keys it is a screen all the same.
  const hasKeys = input.isTTY;
  if (hasKeys) {
    readline.emitKeypressEvents(input);
    input.setRawMode(true).resume().on('keypress', keypress);
  }
  output.on('resize', onResize);
  output.write(`${HIDE_CURSOR}${CLEAR}`);
  return {
    size: () => ({ columns: output.columns || 80, rows: output.rows || 24 }),
    /** @param {string[]} lines as many as there are rows: the last has no line end, which would scroll */
    draw: (lines) => void output.write(`${TOP_LEFT}${lines.map((line) => `${line}${REST_OF_LINE}`).join('\r\n')}${REST_OF_SCREEN}`),
    close() {
      output.off('resize', onResize);
      if (hasKeys) input.off('keypress', keypress).setRawMode(false).pause();
      output.write(`\r\n${SHOW_CURSOR}`);
    },
  };
}

module.exports = { openTerminal };
