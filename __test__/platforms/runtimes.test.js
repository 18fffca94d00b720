'use strict';

// Bun and Deno load the addon, too. `npm run test:runtimes` brings them.

const assert = require('node:assert').strict;
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');
const { exitAmidCalls, run, takeSteps } = require('../support/bus/steps-runner');

const LIBRARY = path.join(__dirname, '../..');

/** What calls by gRPC and no more need: Deno permits nothing by itself. */
const DENO = ['deno', 'run', '--no-prompt', '--allow-ffi', '--allow-read', '--allow-env'];

const RUNTIMES = [
  { name: 'Bun', command: ['bun'] },
  { name: 'Deno', command: ['deno', 'run', '--allow-all'] },
];

/** @param {string} program */
function limit(program, extra = false) {
  const isThere = spawnSync(program, ['--version']).status === 0;
  return { timeout: 60_000, skip: (!isThere && `there is no ${program} in the PATH; npm run test:runtimes brings it`) || extra };
}

/** A script, which goes with its test. */
function script(t, text) {
  return new Workshop(t).write('script.cjs', text);
}

for (const { name, command } of RUNTIMES) {
  const LIMIT = limit(command[0]);

  test(`gRPC, the bus, other processes and worker threads work on ${name}`, LIMIT, (t) => takeSteps(t, command));

  test(`all of it works over mutual TLS on ${name}, with OWT's guide's encrypted keys`, limit(command[0], !hasOpenssl && 'openssl is not installed'), async (t) => {
    const shop = await new Workshop(t).guide({ bits: 2048 });
    // Deno does not open what today's `openssl genrsa -des3` makes.
    await takeSteps(t, command, name === 'Deno' ? shop.traditional() : shop);
  });

  test(`process.exit() amid calls ends the process on ${name}`, LIMIT, (t) => exitAmidCalls(t, command));

  test(`metrics have nothing of ${name}'s event loop, which does not tell, in place of zeros`, LIMIT, async (t) => {
    const text = `
      const { Server, metrics } = require(${JSON.stringify(LIBRARY)});
      new Server().listen('127.0.0.1:0').then(async () => {
        const text = await metrics();
        console.log(text.includes('owt_grpc_servers 1'), text.includes('event_loop'));
        process.exit();
      });`;
    const { stdout, stderr } = await run(t, [...command, script(t, text)]);
    assert.equal(stdout, 'true false\n', stderr);
  });
}

const ON_DENO = limit('deno');

test('calls by gRPC need no permission of Deno but for files, the environment and addons', ON_DENO, async (t) => {
  const text = `
    const { Server, createClient } = require(${JSON.stringify(LIBRARY)});
    (async () => {
      const server = new Server().addService('webrtc', { publish: async ({ request }) => ({ id: request.id }) });
      const client = createClient('webrtc', 'localhost:' + (await server.listen('127.0.0.1:0')));
      console.log((await client.publish({ id: 'p' })).id);
      client.close();
      await server.stop();
    })();`;
  const { stdout, stderr } = await run(t, [...DENO, script(t, text)]);
  assert.equal(stdout, 'p\n', stderr);
});

test("a key of OWT's guide that Deno does not open is told by its cipher, not by its passphrase", { ...ON_DENO, skip: ON_DENO.skip || (!hasOpenssl && 'openssl is not installed') }, async (t) => {
  const shop = await new Workshop(t).guide({ bits: 2048 });
  const text = `
    const { Server } = require(${JSON.stringify(LIBRARY)});
    new Server().listen('127.0.0.1:0').then(() => console.log('listens'), ({ message }) => console.log(message));`;
  const { stdout } = await run(t, ['deno', 'run', '--allow-all', shop.write('script.cjs', text)], { cwd: shop.folder, env: shop.environment() });
  assert.match(stdout, /server\.key is encrypted with DES-EDE3-CBC, which .* cannot open/);
});

test("a lock needs Deno's permission to read the host's name, and says so", ON_DENO, async (t) => {
  const file = script(t, `
    const { updateStore } = require(${JSON.stringify(path.join(LIBRARY, 'lib/credentials/store'))});
    updateStore(process.argv[2], { grpc: { serverPass: 's', clientPass: 'c' } }).then(() => console.log('written'), ({ message }) => console.log(message));`);
  const store = path.join(path.dirname(file), '.owt.authstore');
  const write = async (...permissions) => (await run(t, [...DENO, '--allow-write', ...permissions, file, store])).stdout;
  assert.match(await write(), /\.owt\.authstore: cannot be written \(Requires sys access to "hostname".*--allow-sys/);
  assert.equal(fs.existsSync(store), false);
  assert.equal(await write('--allow-sys=hostname'), 'written\n');
});
