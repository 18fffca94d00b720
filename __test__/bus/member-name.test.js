'use strict';

// What members are called: people see host, module and process in status, tap and errors.

const assert = require('node:assert').strict;
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { connectBus } = require('../..');
const { eventually, freePort } = require('../support/bus');
const { cleanEnvironment, owtGrpc } = require('../support/cli');

const limit = { timeout: 60_000 };
const root = path.join(__dirname, '..', '..');
const RANDOM = '[0-9a-f]{12}';
const host = os.hostname().replace(/[.]/g, '\\.');

async function place(t) {
  const registry = `127.0.0.1:${await freePort()}`;
  const bus = await connectBus({ registry, name: 'looks' });
  t.after(() => bus.close());
  return { registry, bus };
}

test("OWT's modules are called by their folders, and their nodes by the script, too", limit, async (t) => {
  const { registry, bus } = await place(t);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-names-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const program = `require(${JSON.stringify(root)}).connectBus().then((bus) => bus.serve(process.argv[2], { hang: () => process.exit() }));`;
  for (const [script, started, module] of [
    ['portal/index.js', '.', 'portal'],
    ['conference_agent/workingNode.js', './workingNode', 'conference_agent.workingNode'],
    ['sip portal/dist/app.mjs', 'dist/app.mjs', 'sip_portal'],
  ]) {
    const file = path.join(folder, script);
    const [cwd] = script.split('/');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, script.endsWith('.mjs') ? `import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\n${program}` : program);
    const child = spawn(process.execPath, [started, module], { cwd: path.join(folder, cwd), env: cleanEnvironment({ OWT_GRPC_REGISTRY: registry }), stdio: ['ignore', 'ignore', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    const found = async () => (await bus.status()).members.find(({ ids }) => ids.includes(module));
    await eventually(async () => (await found()) !== undefined, `${module} serves`);
    const expected = new RegExp(`^${host}-${module.replace('.', '\\.')}-${child.pid}-${RANDOM}$`);
    const { member } = await found();
    assert.match(member, expected);
    const { stdout } = await owtGrpc(t, ['status', '--registry', registry]);
    assert.match(stdout, new RegExp(`^${module.slice(0, 10)}\\S* +${child.pid} `, 'm'));
    await assert.rejects(bus.call(module, 'hang', [], { timeout: 20_000 }), (error) => error.code === 'PEER_LOST' && error.message.includes(member));
  }
});

test('option name takes the place of the module, and is what others see', limit, async (t) => {
  const { registry, bus } = await place(t);
  const member = await connectBus({ registry, name: 'recorder-2' });
  t.after(() => member.close());
  const [seen] = (await bus.status()).members;
  assert.match(seen.member, new RegExp(`^${host}-recorder-2-${process.pid}-${RANDOM}$`));
  await bus.serve('who', { caller: (call) => call.caller }, { withCall: true });
  assert.equal(await member.call('who', 'caller'), seen.member);
  for (const name of ['', 'two words', 'a/b', 'ä', 'x'.repeat(65), 7]) {
    await assert.rejects(connectBus({ registry, name }), { name: 'TypeError', message: /connectBus: option name must be a text of 1 to 64 letters, digits/ }, String(name));
  }
});
