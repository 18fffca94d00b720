'use strict';

// The same roles in their RabbitMQ style, on owt-grpc/amqpClient: no broker runs.
// Three cluster managers elect a leader over topics; the leader is killed, and
// with it the process that happens to host the registry, and a media agent.

const path = require('node:path');
const { agents } = require('./steps');
const { freePort } = require('./common/port');

const managers = ['cluster_manager', 'cluster_manager_2', 'cluster_manager_3'];
const workers = [...agents, 'portal'];
const victim = 'video';

const bus = (name, script, ...args) => ({ name, script: path.join('bus', `${script}.js`), args: [name, ...args] });
const roles = [
  ...managers.map((name, n) => bus(name, 'cluster_manager', String(n + 1))),
  ...agents.filter((agent) => agent !== 'conference').map((agent) => bus(agent, 'media_agent')),
  bus('conference', 'conference'),
  bus('portal', 'portal'),
  bus('management_api', 'management_api'),
  bus('sip_portal', 'sip_portal'),
];

const by = (module, ...steps) => steps.map((step) => [step, module]);
const others = agents.filter((agent) => agent !== 'conference');

const flow = [
  ...by('portal', 'portal scheduled', 'portal notified', 'portal broadcast'),
  ...others.flatMap((agent) => by(agent, `${agent} publish`, `${agent} linkup after publish`)),
  ...by('conference', 'conference join', 'conference text', 'conference heard every candidate in order'),
  ...by('conference', ...others.map((agent) => `conference heard ${agent}`)),
  ...by('sip_portal', 'sip_portal handleSipUpdate', 'sip_portal keepAlive'),
  ...by('management_api', 'management_api has the participants'),
];
const afterHost = by('management_api', 'management_api found a new registry');
const afterKill = [
  ...by('conference', `conference monitor saw ${victim}`),
  ...by('portal', `portal monitor saw ${victim}`),
];
const atEnd = by('conference', 'conference leave');

/** A step that one of the managers has to confirm: whoever leads. */
const byOne = (...steps) => steps.map((step) => managers.map((name) => [step, name]));
const byLeader = byOne(...workers.flatMap((worker) => [`join ${worker}`, `keepAlive ${worker}`, `reportLoad ${worker}`]));

/** @param {import('./supervisor').Supervisor} supervisor */
async function run(supervisor) {
  process.env.OWT_GRPC_REGISTRY = `localhost:${await freePort()}`;
  // The first on the bus hosts the registry.
  supervisor.startModule(roles[0]);
  await supervisor.until(() => supervisor.named([['hosts the registry', managers[0]]]));
  supervisor.start();
  const unconfirmed = (groups) => groups.filter((group) => supervisor.missing(group).length === group.length).map(([[step]]) => step);
  const leaderOf = () => managers.find((name) => supervisor.children.has(name) && supervisor.confirmed.has(`leads (${name})`));
  const election = () => (leaderOf() === undefined ? ['a leader'] : []);
  await supervisor.until(() => [...supervisor.named(flow), ...unconfirmed(byLeader), ...election()]);

  // Both the registry's host and the leader, which may be one.
  const first = leaderOf() ?? managers[0];
  supervisor.kill(managers[0]);
  if (first !== managers[0]) supervisor.kill(first);
  // A leader that has not heard of the victim yet could not miss it.
  const knowsVictim = () => (supervisor.confirmed.has(`keepAlive ${victim} (${leaderOf()})`) ? [] : [`keepAlive ${victim} by the new leader`]);
  await supervisor.until(() => [...supervisor.named(afterHost), ...election(), ...knowsVictim()]);
  const second = leaderOf();

  supervisor.kill(victim);
  await supervisor.until(() => supervisor.named(afterKill));
  await supervisor.endAll([['portal', 'management_api', 'sip_portal'], others, ['conference'], managers]);

  // Told in the summary as steps of whoever did confirm them.
  const confirmed = byLeader.map((group) => group.find((step) => supervisor.missing([step]).length === 0) ?? group[0]);
  const elections = [['leads', first], ['leads', second ?? managers[1]]];
  return [['hosts the registry', managers[0]], ...flow, ...confirmed, ...elections, ...afterHost, ...afterKill, ...atEnd];
}

module.exports = { modules: roles, run };
