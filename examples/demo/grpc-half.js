'use strict';

// OWT's thirteen modules in their gRPC style, on owt-grpc/grpcTools.

const fs = require('node:fs');
const path = require('node:path');
const { freePort } = require('./common/port');
const { afterKill, agents, atEnd, flow, victim } = require('./steps');

/** So long the traffic goes on once everything has happened, for who watches the table. */
const SHOWN_MS = 5000;

const SCRIPTS = { sip: ['sip_agent'], conference: ['conference'] };

const modules = ['cluster_manager', 'management_api', 'portal', 'sip_portal', ...agents].map((name) => {
  const [script, ...args] = SCRIPTS[name] ?? (agents.includes(name) ? ['media_agent', name] : [name]);
  return { name, script: path.join('modules', `${script}.js`), args };
});

function writeConfigs(folder, ports) {
  for (const { name } of modules) {
    const template = fs.readFileSync(path.join(__dirname, 'config', `${name}.toml`), 'utf8');
    const text = template.replace(/\$(\w+)/g, (_, key) => ports[key]);
    fs.writeFileSync(path.join(folder, `${name}.toml`), text);
  }
}

/** @param {import('./supervisor').Supervisor} supervisor */
async function run(supervisor) {
  writeConfigs(supervisor.folder, { CLUSTER_PORT: await freePort(), SIP_PORT: await freePort() });
  supervisor.start();
  await supervisor.until(() => supervisor.named(flow));
  await supervisor.during(SHOWN_MS);
  supervisor.kill(victim);
  await supervisor.until(() => supervisor.named(afterKill));
  // The managers go last: the others still want to say goodbye to them.
  const last = ['conference', 'cluster_manager'];
  const early = agents.filter((agent) => !last.includes(agent));
  await supervisor.endAll([['portal', 'management_api', 'sip_portal'], early, ['conference'], ['cluster_manager']]);
  return [...flow, ...afterKill, ...atEnd];
}

module.exports = { modules, run };
