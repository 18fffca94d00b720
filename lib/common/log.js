'use strict';

// What no call can report: one hook for the log of the user's choice. Until it is
// set, warnings go to stderr, or what OWT_GRPC_LOG says, for modules that do not know
// of it; it never holds the process.

const { SETTINGS } = require('./environment');
const { stderrLog } = require('./stderr-log');

/** In the native core's numbers: error is 1. @type {readonly string[]} */
const [OFF, ...LEVELS] = SETTINGS.OWT_GRPC_LOG.choices;
const WARN = 2;
const INFO = 3;

/** @typedef {{ [level: string]: ((text: string) => void) | undefined }} Logger */

/** @type {Logger | null} */
let logger = null;
/** Null until somebody has set it, or it was looked for in the environment. @type {number | null} */
let upTo = null;
/** @type {((level: number) => void) | null} tells the native core, once there is one */
let tellNative = null;

/**
 * @param {Logger | null} next console, a logger of log4js, or null for none
 * @param {string} [level] the least urgent that is wanted
 */
function setLogger(next, level = 'warn') {
  if (next !== null && typeof next !== 'object') {
    throw new TypeError(`setLogger: the logger must be an object with methods such as warn, or null, not ${typeof next}`);
  }
  if (!LEVELS.includes(level)) throw new TypeError(`setLogger: level must be one of ${LEVELS.join(', ')}, not ${String(level)}`);
  logger = next;
  upTo = next === null ? 0 : LEVELS.indexOf(level) + 1;
  tellNative?.(upTo);
}

/** OWT_GRPC_LOG is a level, or off. What is neither is as if it were not set: the doctor tells. */
function ofEnvironment() {
  const said = process.env.OWT_GRPC_LOG ?? '';
  const level = LEVELS.includes(said) || said === OFF ? said : SETTINGS.OWT_GRPC_LOG.default;
  if (level !== OFF) logger = stderrLog();
  upTo = LEVELS.indexOf(level) + 1;
  return upTo;
}

/** @param {(level: number) => void} tell */
function onLevel(tell) {
  tellNative = tell;
  tell(upTo ?? ofEnvironment());
}

/**
 * Whether somebody hears of it: for texts that cost something to make.
 *
 * @param {number} level
 */
const isLogged = (level) => level <= (upTo ?? ofEnvironment());

/**
 * @param {number} level
 * @param {string} text
 */
function log(level, text) {
  if (!isLogged(level)) return;
  const name = LEVELS[level - 1];
  logger?.[name]?.(`owt-grpc: ${text}`);
}

module.exports = { INFO, WARN, isLogged, log, onLevel, setLogger };
