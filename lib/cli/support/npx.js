'use strict';

// A command that npx has started ends with it. npx passes a signal on to the shell between, which does not; and one that
// is killed passes nothing on.

const fs = require('node:fs');

const LOOK_MS = 500;

/**
 * Whether this command is what npx was told to run. Npm's variables go on to whatever a script starts, and a daemon that
 * was started by one is to outlive it: so the script has to be this command.
 *
 * @param {NodeJS.ProcessEnv} env
 */
const isStartedByNpx = (env) => env.npm_lifecycle_event === 'npx' && /^['"]?(?:\S*\/)?owt-grpc['"]?(?:\s|$)/.test(env.npm_lifecycle_script ?? '');

/**
 * @param {number} pid
 * @returns {{ name: string, parent: number } | null} null where there is none, or no /proc to find out by
 */
function processOf(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // What is in parentheses is a name, with whatever in it.
    const end = stat.lastIndexOf(')');
    return { name: stat.slice(stat.indexOf('(') + 1, end), parent: Number(stat.slice(end + 2).split(' ')[1]) };
  } catch {
    return null;
  }
}

const isNpm = (/** @type {string | undefined} */ name) => name !== undefined && /^(?:np[mx]|node)/.test(name);

/**
 * Where npx has started this command, tells once when it has ended. It never holds the process.
 *
 * @param {() => void} onGone
 * @returns {() => void} ends it
 */
function whenNpxEnds(onGone) {
  if (!isStartedByNpx(process.env)) return () => {};
  const { ppid } = process;
  const shell = processOf(ppid);
  // Some shells make way for what they run: then npx is the parent, and who has started npx may go.
  const npx = shell !== null && !isNpm(shell.name) && isNpm(processOf(shell.parent)?.name) ? shell.parent : null;
  const timer = setInterval(() => {
    if (process.ppid === ppid && (npx === null || processOf(ppid)?.parent === npx)) return;
    clearInterval(timer);
    onGone();
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

module.exports = { isStartedByNpx, whenNpxEnds };
