'use strict';

// Files are replaced while calls are made: none fails, and what is new is used for
// new connections. What cannot be used changes nothing, and the log says so.

// On demand here; by the interval in a process of its own.
process.env.OWT_GRPC_TLS_CHECK_MS = '600000';

const assert = require('node:assert').strict;
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { createInterface } = require('node:readline');
const tls = require('node:tls');
const { before, test } = require('node:test');
const { Server, createClient, reloadCredentials } = require('../..');
const { updateStore } = require('../../lib/credentials/store');
const { eventually } = require('../support/bus');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');
const { copyFolder } = require('../support/system/folders');
const { callOnce, contents, logOf, nodeServer, pairOf, serialAt, serve, withEnvironment } = require('../support/tls');

const LIMIT = { timeout: 30_000, skip: hasOpenssl ? false : 'openssl is not installed' };
const logged = logOf();
/** What the log says of the files of a workshop: other tests' are not of interest. */
const about = (shop) => logged.filter((line) => line.includes(shop.folder));
const changed = (role) => `owt-grpc: new certificates for the ${role} are used from now on`;

/** @type {Workshop} a good one, with the next generation of everything in files of other names */
let base;

before(() => {
  if (!hasOpenssl) return;
  base = new Workshop().good();
  base.leaf('next');
  base.ca('ca2');
  base.leaf('server2', { signer: 'ca2' });
  base.leaf('client2', { signer: 'ca2', san: 'DNS:client' });
  base.bundle('both', 'ca', 'ca2');
});

/** A copy that a test may change. */
function generations(t) {
  const shop = new Workshop(t);
  copyFolder(base.folder, shop.folder);
  return shop;
}

/** As certificate managers do it: a new file takes the name of the old one. */
function replace(shop, name, by) {
  for (const end of ['crt', 'key']) {
    if (!fs.existsSync(shop.file(`${by}.${end}`))) continue;
    fs.copyFileSync(shop.file(`${by}.${end}`), shop.file(`${name}.${end}.new`));
    fs.renameSync(shop.file(`${name}.${end}.new`), shop.file(`${name}.${end}`));
  }
}

/** In place, as cp does it. */
const overwrite = (shop, name, by) => fs.copyFileSync(shop.file(by), shop.file(name));

/** Calls without pause until they are stopped: on one connection, and on new ones. */
function callingWithoutPause(port, option) {
  const failures = [];
  const made = { standing: 0, fresh: 0 };
  let going = true;
  const standing = createClient('webrtc', `localhost:${port}`, { tls: option, maxReceiveBytes: 1_000_000 });
  const run = (async () => {
    while (going) {
      await standing.publish({ id: 's' }).then(() => (made.standing += 1), (error) => failures.push(error.message));
      const answer = await callOnce(port, option);
      if (answer === 'over TLS') made.fresh += 1;
      else failures.push(answer.message);
    }
  })();
  return {
    made,
    /** That many on each more. */
    async more(count = 5) {
      const until = made.fresh + count;
      await eventually(() => made.fresh >= until || failures.length > 0, 'more calls');
    },
    async stop() {
      going = false;
      await run;
      standing.close();
      return failures;
    },
  };
}

test('on demand: CA, server and client are replaced step by step, and no call fails', LIMIT, async (t) => {
  const shop = generations(t);
  const { port } = await serve(t, pairOf(shop, 'server'));
  const peer = await nodeServer(t, { ...contents(shop, 'server'), ca: fs.readFileSync(shop.file('both.crt')), requestCert: true, rejectUnauthorized: true });
  const calls = callingWithoutPause(port, pairOf(shop, 'client'));
  await calls.more();
  assert.equal(reloadCredentials(), false, 'nothing has changed');

  const before = shop.read('server').serialNumber;
  assert.equal(await serialAt(port, contents(shop, 'client')), before);
  await callOnce(peer.port, pairOf(shop, 'client'));

  replace(shop, 'ca', 'both');
  logged.length = 0;
  assert.equal(reloadCredentials(), true);
  assert.deepEqual([...logged].sort(), [changed('client'), changed('server')]);
  await calls.more();

  replace(shop, 'server', 'server2');
  assert.equal(reloadCredentials(), true);
  await calls.more();
  assert.equal(await serialAt(port, contents(shop, 'client')), shop.read('server2').serialNumber);
  assert.notEqual(shop.read('server2').serialNumber, before);

  const old = shop.read('client').serialNumber;
  replace(shop, 'client', 'client2');
  assert.equal(reloadCredentials(), true);
  await calls.more();
  await callOnce(peer.port, pairOf(shop, 'client'));
  assert.deepEqual(peer.served.serials, [old, shop.read('client2').serialNumber]);

  replace(shop, 'ca', 'ca2');
  assert.equal(reloadCredentials(), true);
  await calls.more();
  assert.deepEqual(await calls.stop(), []);
  assert.equal(reloadCredentials(), false);
});


test('a CA that was taken away opens nothing any more, not even with a session from before', LIMIT, async (t) => {
  const shop = generations(t);
  const { port } = await serve(t, pairOf(shop, 'server', 'both'));
  const connect = (session) => new Promise((resolve) => {
    const { cert, key } = contents(shop, 'client');
    const socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', ALPNProtocols: ['h2'], ca: fs.readFileSync(shop.file('ca.crt')), cert, key, session });
    socket.on('error', resolve);
    socket.once('session', (ticket) => {
      resolve(ticket);
      socket.destroy();
    });
  });
  const ticket = await connect();
  assert.ok(Buffer.isBuffer(ticket));
  replace(shop, 'both', 'ca2');
  assert.equal(reloadCredentials(), true);
  assert.match(String(await connect(ticket)), /alert|ECONNRESET/);
});

test('by the interval: both sides of a process that is told nothing, and no call fails', LIMIT, async (t) => {
  const shop = generations(t);
  const env = { ...process.env, ...shop.environment(), OWT_GRPC_TLS_CHECK_MS: '100' };
  const child = spawn(process.execPath, [path.join(__dirname, '../support/tls/rotation-module.js')], { env, cwd: shop.folder, stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const output = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => JSON.parse((await output.next()).value);
  const ask = () => {
    child.stdin.write('\n');
    return line();
  };
  const port = await line();
  const uses = (role, times) => eventually(async () => (await ask()).lines.filter((text) => text === changed(role)).length === times, `the ${role}'s change ${times}`);

  replace(shop, 'ca', 'both');
  await uses('server', 1);
  await uses('client', 1);
  replace(shop, 'server', 'server2');
  await eventually(async () => (await serialAt(port, contents(shop, 'client'))) === shop.read('server2').serialNumber, 'the new certificate');
  replace(shop, 'client', 'client2');
  await uses('client', 2);
  const { made } = await ask();
  await eventually(async () => (await ask()).made.fresh > made.fresh + 3, 'more calls');
  const { failures } = await ask();
  assert.deepEqual(failures, []);
  child.stdin.end();
});

/** What a file is replaced with that cannot be used, and what the log says. */
const UNUSABLE = {
  'a certificate that is garbage': [(shop) => shop.write('server.crt', 'garbage'), (shop) => `option tls.cert ${shop.file('server.crt')} has no certificate in it (-----BEGIN CERTIFICATE-----)`],
  'a key that is garbage': [(shop) => shop.write('server.key', 'garbage'), (shop) => `option tls.key ${shop.file('server.key')} is no private key in PEM (`],
  'a certificate of another key': [(shop) => overwrite(shop, 'server.crt', 'server2.crt'), (shop) => `option tls.key ${shop.file('server.key')} does not belong to the certificate of "`],
  'a certificate that is gone': [(shop) => fs.rmSync(shop.file('server.crt')), (shop) => `option tls.cert ${shop.file('server.crt')} cannot be read: there is no such file`],
  'a key that is gone': [(shop) => fs.rmSync(shop.file('server.key')), (shop) => `option tls.key ${shop.file('server.key')} cannot be read: there is no such file`],
  'a CA that is gone': [(shop) => fs.rmSync(shop.file('ca.crt')), (shop) => `option tls.ca ${shop.file('ca.crt')} cannot be read: there is no such file`],
  'a CA file that is empty': [(shop) => shop.write('ca.crt', ''), (shop) => `option tls.ca ${shop.file('ca.crt')} has no certificate in it (-----BEGIN CERTIFICATE-----)`],
  'a certificate that has expired': [(shop) => replaceByExpired(shop), (shop) => `option tls.cert ${shop.file('server.crt')}: the certificate of "`],
};

function replaceByExpired(shop) {
  shop.leaf('expired', { from: -9, to: -2 });
  replace(shop, 'server', 'expired');
}

for (const [name, [damage, why]] of Object.entries(UNUSABLE)) {
  test(`${name}: the former is used on, the log says so once, and what is good again is taken`, LIMIT, async (t) => {
    const shop = generations(t);
    const client = Object.fromEntries(Object.entries(pairOf(shop, 'client')).map(([what, file]) => [what, fs.readFileSync(file)]));
    const { port } = await serve(t, pairOf(shop, 'server'));
    const serial = shop.read('server').serialNumber;

    damage(shop);
    logged.length = 0;
    assert.equal(reloadCredentials(), false);
    assert.equal(reloadCredentials(), false);
    const lines = about(shop);
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.ok(lines[0].startsWith(`owt-grpc: new certificates for the server are not used, the former ones are: server: ${why(shop)}`), lines[0]);
    assert.equal(await callOnce(port, client), 'over TLS');
    assert.equal(await serialAt(port, client), serial);

    for (const file of ['ca.crt', 'server.crt', 'server.key']) fs.copyFileSync(base.file(file), shop.file(file));
    logged.length = 0;
    assert.equal(reloadCredentials(), true);
    assert.ok(logged.includes(changed('server')));
    assert.equal(await callOnce(port, client), 'over TLS');
  });
}

test('half of a pair is not used; when the other half follows, both are', LIMIT, async (t) => {
  const shop = generations(t);
  const { port } = await serve(t, pairOf(shop, 'server'));
  const before = shop.read('server').serialNumber;
  overwrite(shop, 'server.crt', 'next.crt');
  logged.length = 0;
  assert.equal(reloadCredentials(), false);
  assert.match(about(shop)[0], /are not used, the former ones are: .* they are of different pairs$/);
  assert.equal(await serialAt(port, contents(shop, 'client')), before);
  overwrite(shop, 'server.key', 'next.key');
  assert.equal(reloadCredentials(), true);
  assert.equal(await serialAt(port, contents(shop, 'client')), shop.read('next').serialNumber);
  assert.equal(await callOnce(port, pairOf(shop, 'client')), 'over TLS');
});

test('a folder that turns into a file, or a link in a circle, is one more thing that changes nothing', LIMIT, async (t) => {
  const shop = generations(t);
  for (const spoil of [
    (folder) => fs.writeFileSync(folder, ''),
    (folder) => fs.symlinkSync(path.basename(folder), folder),
  ]) {
    const folder = fs.mkdtempSync(path.join(shop.folder, 'pair-'));
    const files = Object.fromEntries(Object.entries(pairOf(shop, 'server')).map(([what]) => [what, path.join(folder, what)]));
    const fill = () => Object.entries(pairOf(shop, 'server')).forEach(([what, file]) => fs.copyFileSync(file, files[what]));
    fill();
    const { port } = await serve(t, files);
    fs.rmSync(folder, { recursive: true });
    spoil(folder);
    logged.length = 0;
    assert.equal(reloadCredentials(), false);
    assert.match(about(shop).join('\n'), /^owt-grpc: new certificates for the server are not used, the former ones are: .*(ENOTDIR|ELOOP)/);
    assert.equal(await callOnce(port, pairOf(shop, 'client')), 'over TLS');
    fs.unlinkSync(folder);
    fs.mkdirSync(folder);
    fill();
    assert.equal(reloadCredentials(), true);
  }
});

test('links that are turned to a new folder, as Kubernetes does it, are followed', LIMIT, async (t) => {
  const shop = generations(t);
  for (const [folder, name] of [['v1', 'server'], ['v2', 'next']]) {
    fs.mkdirSync(shop.file(folder));
    for (const end of ['crt', 'key']) fs.copyFileSync(shop.file(`${name}.${end}`), shop.file(`${folder}/tls.${end}`));
  }
  fs.symlinkSync('v1', shop.file('data'));
  const { port } = await serve(t, { ca: shop.file('ca.crt'), cert: shop.file('data/tls.crt'), key: shop.file('data/tls.key') });
  assert.equal(await serialAt(port, contents(shop, 'client')), shop.read('server').serialNumber);
  fs.symlinkSync('v2', shop.file('data.new'));
  fs.renameSync(shop.file('data.new'), shop.file('data'));
  assert.equal(reloadCredentials(), true);
  assert.equal(await serialAt(port, contents(shop, 'client')), shop.read('next').serialNumber);
});

test('a key that is encrypted anew, and its passphrase in the store, are taken together', LIMIT, async (t) => {
  const shop = generations(t);
  const lock = async (passphrase) => {
    for (const name of ['server', 'client']) shop.openssl('pkcs8', '-topk8', '-in', `${name}.key`, '-passout', `pass:${passphrase}`, '-out', `${name}.locked.key`);
  };
  const store = (passphrase) => updateStore(shop.file('.owt.authstore'), { grpc: { serverPass: passphrase, clientPass: passphrase } });
  await lock('first');
  await store('first');
  const home = process.cwd();
  const server = new Server().addService('webrtc', { publish: async (call) => ({ id: call.request.id }) });
  t.after(() => server.stop({ graceMs: 0 }));
  process.chdir(shop.folder);
  t.after(() => process.chdir(home));
  const env = shop.environment({ OWT_GRPC_SERVER_KEY: shop.file('server.locked.key'), OWT_GRPC_CLIENT_KEY: shop.file('client.locked.key') });
  const port = await withEnvironment(env, () => server.listen('127.0.0.1:0'));
  process.chdir(home);

  await lock('second');
  logged.length = 0;
  assert.equal(reloadCredentials(), false);
  const [line] = about(shop);
  assert.match(line, /its passphrase is another one/);
  assert.ok(!/first|second/.test(line));
  await store('second');
  assert.equal(reloadCredentials(), true);
  assert.equal(await callOnce(port, pairOf(shop, 'client')), 'over TLS');
});

test('a file that was not readable is read once it is: its times of change need not be those of its content', LIMIT, async (t) => {
  if (process.getuid?.() === 0) {
    // Nothing is unreadable to root: what the check looks at is seen by a change of mode alone.
    const shop = generations(t);
    await serve(t, pairOf(shop, 'server'));
    fs.chmodSync(shop.file('server.key'), 0o640);
    assert.equal(reloadCredentials(), true);
    return;
  }
  const shop = generations(t);
  const { port } = await serve(t, pairOf(shop, 'server'));
  replace(shop, 'server', 'next');
  fs.chmodSync(shop.file('server.key'), 0);
  assert.equal(reloadCredentials(), false);
  fs.chmodSync(shop.file('server.key'), 0o600);
  assert.equal(reloadCredentials(), true);
  assert.equal(await serialAt(port, contents(shop, 'client')), shop.read('next').serialNumber);
});

test('who is made after files were replaced gets what they are now', LIMIT, async (t) => {
  const shop = generations(t);
  const first = await serve(t, pairOf(shop, 'server'));
  replace(shop, 'server', 'next');
  const second = await serve(t, pairOf(shop, 'server'));
  assert.equal(await serialAt(second.port, contents(shop, 'client')), shop.read('next').serialNumber);
  // While somebody has the former pair it is used on, also by who is new.
  shop.write('server.crt', 'garbage');
  const third = await serve(t, pairOf(shop, 'server'));
  assert.equal(await callOnce(third.port, pairOf(shop, 'client')), 'over TLS');
  // When nobody has it any more, it is gone.
  for (const { server } of [first, second, third]) await server.stop();
  await assert.rejects(serve(t, pairOf(shop, 'server')), { name: 'TlsError', code: 'CERTIFICATE' });
});

test('the files of a server that has stopped and of a client that is closed are looked at no more', LIMIT, async (t) => {
  const shop = generations(t);
  const { server, port } = await serve(t, pairOf(shop, 'server'));
  assert.equal(await callOnce(port, pairOf(shop, 'client')), 'over TLS');
  await server.stop();
  for (const file of ['ca.crt', 'server.crt', 'client.crt']) fs.rmSync(shop.file(file));
  logged.length = 0;
  assert.equal(reloadCredentials(), false);
  assert.deepEqual(about(shop), []);
});
