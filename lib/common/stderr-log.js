'use strict';

// The log of a process that has chosen none: lines on stderr, laid out as those that OWT's modules write by log4js, so
// that both can be read in their order.

const { Console } = require('node:console');
const clock = require('./clock');
const { moduleName } = require('./module-name');
const { Repeats } = require('./repeats');

/** @param {number} n @param {number} [width] */
const digits = (n, width = 2) => String(n).padStart(width, '0');

/** @param {Date} time @returns {string} local time, which is what log4js writes */
function stamp(time) {
  const day = [digits(time.getFullYear(), 4), digits(time.getMonth() + 1), digits(time.getDate())].join('-');
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map((n) => digits(n)).join(':');
  return `${day} ${clock}.${digits(time.getMilliseconds(), 3)}`;
}

/**
 * @param {Date} time
 * @param {string} level
 * @param {string} name of the module
 * @param {string} text
 */
const lineOf = (time, level, name, text) => `${stamp(time)}  - ${level.toUpperCase()}: ${name} - ${text}`;

/** @param {{ text: string, count: number, ms: number, many: boolean }} repeated */
function repetition({ text, count, ms, many }) {
  // A stack was there with the first.
  const [first] = text.split('\n');
  const seconds = Math.round(ms / 1000);
  if (many) return `${count} more lines of many causes within ${seconds} s, the last one: ${first}`;
  return `${first} [${count} more like it within ${seconds} s]`;
}

/** @typedef {(text: string) => void} Take */

/** @returns {{ error: Take, warn: Take, info: Take, debug: Take }} */
function stderrLog() {
  // It takes no harm from a stderr that was closed.
  const out = new Console(process.stderr);
  /** @param {string} level @param {string} text */
  const write = (level, text) => out.log(lineOf(new Date(clock.wallTime()), level, moduleName(), text));
  /** What is asked for in full, info and debug, is not counted. */
  const warn = withoutFloods((text) => write('warn', text));
  const error = withoutFloods((text) => write('error', text));
  return { error, warn, info: (text) => write('info', text), debug: (text) => write('debug', text) };
}

/**
 * @param {Take} write
 * @param {{ now: () => number, setTimeout: (then: () => void, ms: number) => { unref: () => unknown } }} [time]
 * @returns {Take}
 */
function withoutFloods(write, { now, setTimeout } = clock) {
  const repeats = new Repeats();
  let isAsked = false;
  const look = () => {
    isAsked = false;
    for (const repeated of repeats.over(now())) write(repetition(repeated));
    ask();
  };
  const ask = () => {
    const at = repeats.next();
    if (isAsked || at === Infinity) return;
    isAsked = true;
    setTimeout(look, Math.max(1, at - now())).unref();
  };
  return (text) => {
    if (repeats.happened(text, now())) write(text);
    ask();
  };
}

module.exports = { lineOf, repetition, stderrLog, withoutFloods };
