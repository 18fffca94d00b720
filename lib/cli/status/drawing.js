'use strict';

// A picture of a bus as lines of text.

const { plain, styled, table } = require('../support/output');

const HEAD = ['member', 'address', 'calls in', 'out', 'casts in', 'out', 'topics in', 'out', 'kB in', 'out', 'pending', 'waiting', 'queued', 'lost', 'again'];

/** @typedef {import('./picture').Seen} Seen */

/**
 * @param {import('./picture').Picture} now
 * @returns {string[]}
 */
function drawn({ registry, cluster, connected, epoch, revision, members }) {
  const state = connected ? `epoch ${epoch}, revision ${revision}` : styled('red', 'lost, looking for it');
  const count = `${members.length} member${members.length === 1 ? '' : 's'}`;
  const lines = [`${styled('bold', `registry ${registry}`)}  ${state}  cluster ${plain(cluster)}  ${count}`, ''];
  if (members.length === 0) return [...lines, 'Nobody is on the bus.'];
  const isTotal = members.every(({ perSecond }) => perSecond === undefined);
  const [head, ...rows] = table(HEAD, members.map(row));
  lines.push(styled('dim', isTotal ? 'totals' : 'per second'), styled('bold', head));
  members.forEach((member, at) => {
    lines.push(member.answered ? rows[at] : styled('red', rows[at]));
    for (const detail of details(member)) lines.push(`  ${detail}`);
  });
  return lines;
}

/**
 * @param {Seen} seen
 * @returns {(string | number)[]}
 */
function row(seen) {
  const { member, address, answered, perSecond, sent, received } = seen;
  const name = [plain(member), plain(address)];
  if (!answered || sent === undefined || received === undefined) return [...name, ...HEAD.slice(2).map(() => '-')];
  const from = perSecond === undefined ? { sent, received } : perSecond;
  const traffic = ['calls', 'casts', 'messages'].flatMap((kind) => [shown(from?.received, kind), shown(from?.sent, kind)]);
  const bytes = [kilo(from?.received.bytes), kilo(from?.sent.bytes)];
  const queued = (seen.links ?? []).reduce((sum, { queuedBytes }) => sum + queuedBytes, 0);
  const lost = Number(seen.unroutable) + Number(seen.dropped);
  return [...name, ...traffic, ...bytes, Number(seen.pendingCalls), Number(seen.waitingForServer), queued, lost, Number(seen.reconnects)];
}

/**
 * @param {any} traffic
 * @param {string} kind
 */
const shown = (traffic, kind) => (traffic == null ? '-' : Math.round(traffic[kind]));

/** @param {number | undefined} bytes */
const kilo = (bytes) => (bytes === undefined ? '-' : Number((bytes / 1000).toFixed(1)));

/**
 * What a member's line has no room for.
 *
 * @param {Seen} seen
 * @returns {string[]}
 */
function details({ answered, why, ids, subscriptions, registry, links = [] }) {
  const lines = [];
  if (!answered) lines.push(styled('red', `does not answer: ${plain(why)}`));
  if (registry === false) lines.push(styled('yellow', 'has no session with the registry'));
  if (ids.length > 0) lines.push(`serves ${ids.map(plain).join(', ')}`);
  if (subscriptions.length > 0) lines.push(`listens to ${subscriptions.map(({ exchange, pattern }) => `${plain(exchange)} ${plain(pattern)}`).join(', ')}`);
  const up = links.filter(({ link }) => link === 'up').length;
  const bad = links.filter(({ link }) => link === 'dialing' || link === 'pause');
  if (links.length > 0) lines.push(`links: ${up} up, ${links.length - up - bad.length} not needed${bad.length > 0 ? `, ${bad.length} not made` : ''}`);
  for (const { to, link, queuedFrames, queuedBytes } of links) {
    if (link === 'up' && queuedFrames === 0) continue;
    if (link === 'idle' && queuedFrames === 0) continue;
    lines.push(styled('yellow', `link to ${plain(to)}: ${link}, ${queuedFrames} frames (${queuedBytes} bytes) wait`));
  }
  return lines;
}

module.exports = { drawn };
