'use strict';

// What is wrong with members, a line each: tables have no room for why.

const { plain } = require('../support/output');

/** @typedef {import('./picture').Seen} Seen */

/** Links of one member that are told of. */
const MOST_LINKS = 3;

/**
 * @param {Seen} seen
 * @returns {string[]}
 */
function problemsOf({ member, answered, why, registry, links = [] }) {
  const name = plain(member);
  if (!answered) return [`${name} does not answer: ${plain(why)}`];
  const lines = registry === false ? [`${name} has no session with the registry`] : [];
  const stuck = links.filter(({ link, queuedFrames }) => queuedFrames > 0 || link === 'dialing' || link === 'pause');
  for (const { to, link, queuedFrames, queuedBytes } of stuck.slice(0, MOST_LINKS)) {
    lines.push(`${name}: the link to ${plain(to)}: ${link}, ${queuedFrames} frames (${queuedBytes} bytes) wait`);
  }
  if (stuck.length > MOST_LINKS) lines.push(`${name}: ${stuck.length - MOST_LINKS} more links of it are not made or have frames that wait`);
  return lines;
}

module.exports = { problemsOf };
