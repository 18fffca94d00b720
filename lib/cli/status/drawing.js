'use strict';

// A picture of a bus as lines of text: all of it, one below the other.

const { plain, styled } = require('../support/output');
const { memberTable, moduleTable } = require('./columns');
const { byModule, figuresOf } = require('./figures');
const { problemsOf } = require('./problems');
const { sorted } = require('./selection');

/** @typedef {import('./picture').Picture} Picture */
/** @typedef {import('./picture').Seen} Seen */

/** @param {number} count @param {string} name @param {string} [many] */
const counted = (count, name, many = `${name}s`) => `${count} ${count === 1 ? name : many}`;

/**
 * @param {Picture} now
 * @param {string} named what says where the registry is
 * @returns {string} one line
 */
function heading({ registry, isOfProcesses, cluster, connected, epoch, revision, members }, named) {
  if (isOfProcesses) return `${styled('bold', `gRPC, by the sockets in ${plain(registry)}`)} (${named})  ${counted(members.length, 'process', 'processes')}`;
  const state = connected ? `epoch ${epoch}, revision ${revision}` : styled('red', 'lost, looking for it');
  return `${styled('bold', `registry ${registry}`)} (${named})  ${state}  cluster ${plain(cluster)}  ${counted(members.length, 'member')}`;
}

/** @param {Seen[]} members */
const unit = (members) => (members.every(({ perSecond }) => perSecond === undefined) ? 'totals' : 'per second');

/**
 * @typedef {object} How
 * @property {string} named
 * @property {number} width
 * @property {import('./selection').Key} sort
 * @property {boolean} details
 * @property {(member: Seen) => boolean} isWanted
 *
 * @param {Picture} now
 * @param {How} how
 * @returns {string[]}
 */
function drawn(now, { named, width, sort, details, isWanted }) {
  const lines = [heading(now, named), ''];
  if (now.members.length === 0) return [...lines, now.isOfProcesses ? 'No process has a socket there that answers.' : 'Nobody is on the bus.'];
  const members = now.members.filter(isWanted);
  if (members.length === 0) return [...lines, 'No member is as --id and --module say.'];
  const figures = sorted(members.map(figuresOf), sort);
  const [head, ...rows] = memberTable(figures, width);
  lines.push(styled('dim', unit(members)), styled('bold', head));
  const seen = new Map(members.map((member) => [member.member, member]));
  figures.forEach(({ member, silent }, at) => {
    lines.push(silent ? styled('red', rows[at]) : rows[at]);
    if (details) lines.push(...detailsOf(/** @type {Seen} */ (seen.get(member))).map((line) => `  ${line}`));
  });
  const problems = members.flatMap(problemsOf);
  if (problems.length > 0) lines.push('', ...problems.map((line) => styled('yellow', line)));
  const modules = sorted(byModule(figures), sort);
  if (modules.length > 1 && modules.length < members.length) {
    const [head, ...rows] = moduleTable(modules, width);
    lines.push('', styled('dim', 'by module'), styled('bold', head), ...rows);
  }
  return lines;
}

/**
 * What a member's line has no room for.
 *
 * @param {Seen} seen
 * @returns {string[]}
 */
function detailsOf({ member, address, ids, subscriptions, links = [], methods = [] }) {
  const lines = [`${plain(member)} at ${plain(address)}`];
  if (ids.length > 0) lines.push(`serves ${ids.map(plain).join(', ')}`);
  if (subscriptions.length > 0) lines.push(`listens to ${subscriptions.map(({ exchange, pattern }) => `${plain(exchange)} ${plain(pattern)}`).join(', ')}`);
  for (const { side, service, method, calls, inFlight, failed } of methods) {
    lines.push(`${side === 'client' ? 'calls' : 'answers'} ${plain(service)}/${plain(method)}: ${calls} in all, ${failed} failed, ${inFlight} under way`);
  }
  const up = links.filter(({ link }) => link === 'up').length;
  const bad = links.filter(({ link }) => link === 'dialing' || link === 'pause').length;
  if (links.length > 0) lines.push(`links: ${up} up, ${links.length - up - bad} not needed${bad > 0 ? `, ${bad} not made` : ''}`);
  return lines;
}

module.exports = { counted, drawn, heading, unit };
