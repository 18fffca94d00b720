'use strict';

// OWT's guide, followed word for word: its openssl commands, its store, its
// variables. Then everything is over mutual TLS, and no code knows of it.

const assert = require('node:assert').strict;
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { inspect } = require('node:util');
const { before, test } = require('node:test');
const { Server, connectBus, createClient } = require('../..');
const amqpClient = require('../../lib/dropin/amqpClient');
const { startClient } = require('../../lib/dropin/grpcTools');
const { updateStore } = require('../../lib/credentials/store');
const { called, connected, freePort, rpcClient, rpcServer } = require('../support/bus');
const { PASSPHRASES, Workshop, hasOpenssl } = require('../support/tls/certificates');
const { copyFolder } = require('../support/system/folders');
const { ask, record } = require('../support/grpc/peers');
const { timeoutSignal } = require('../support/grpc/signals');
const { callOnce, failureOf, logOf, nodeClient, withEnvironment } = require('../support/tls');

const LIMIT = { timeout: 60_000, skip: hasOpenssl ? false : 'openssl is not installed' };
const PRINTED = { depth: 10, showHidden: true };
const logged = logOf('debug');
const home = process.cwd();

/** The two forms of keys that the guide's commands have made over time. */
const FORMS = {};

before(async () => {
  if (!hasOpenssl) return;
  const today = await new Workshop().guide();
  const earlier = new Workshop();
  copyFolder(today.folder, earlier.folder);
  earlier.traditional();
  FORMS['PKCS#8'] = today;
  FORMS.traditional = earlier;
});

test('the commands make what this is about: version 1, RSA 4096, encrypted keys of both forms', LIMIT, () => {
  for (const [name, shop] of Object.entries(FORMS)) {
    const text = shop.openssl('x509', '-in', 'server.crt', '-noout', '-text');
    assert.match(text, /Version: 1 /);
    assert.match(text, /\(4096 bit\)/);
    assert.doesNotMatch(text, /Subject Alternative Name/);
    const key = fs.readFileSync(shop.file('server.key'), 'utf8');
    assert.match(key, name === 'PKCS#8' ? /^-----BEGIN ENCRYPTED PRIVATE KEY-----/ : /^-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC/);
  }
});

/** As a module would be: in the folder that has the store, with OWT's variables. */
function asModule(shop, body, changes) {
  process.chdir(shop.folder);
  try {
    return withEnvironment(shop.environment(changes), body);
  } finally {
    process.chdir(home);
  }
}

/** Another module, with everything it prints and a PATH that notices calls of openssl. */
async function startModule(t, shop, script, args = []) {
  const tools = path.join(shop.folder, 'tools');
  fs.mkdirSync(tools, { recursive: true });
  fs.writeFileSync(path.join(tools, 'openssl'), `#!/bin/sh\necho "$@" >> ${path.join(tools, 'calls')}\nexit 1\n`, { mode: 0o755 });
  const env = { ...process.env, ...shop.environment(), PATH: `${tools}${path.delimiter}${process.env.PATH}` };
  const child = spawn(process.execPath, [path.join(__dirname, '../support/tls', script), ...args], { cwd: shop.folder, env });
  t.after(() => child.kill('SIGKILL'));
  const output = { text: '' };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output.text += chunk));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const { value, done } = await lines.next();
    assert.ok(!done, `it has ended: ${output.text}`);
    return JSON.parse(value);
  };
  return { child, line, output, calls: () => fs.existsSync(path.join(tools, 'calls')) };
}

/** No text of these has a passphrase in it. */
function assertNoSecret(...texts) {
  for (const text of texts) {
    for (const secret of Object.values(PASSPHRASES)) assert.ok(!text.includes(secret), `"${secret}" is in: ${text}`);
  }
}

/** Somebody without a certificate, and somebody without TLS, gets nowhere. */
async function assertMutual(shop, port) {
  const ca = fs.readFileSync(shop.file('ca.crt'));
  assert.match(String(await nodeClient(port, { ca })), /alert|ECONNRESET/);
  const socket = net.connect(port, '127.0.0.1');
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const [answer] = await once(socket, 'data');
  assert.equal(answer[0], 0x15, 'a TLS alert');
  socket.destroy();
}

for (const form of ['PKCS#8', 'traditional']) {
  test(`grpcTools and the API work over mutual TLS, unary and streams (${form} keys)`, LIMIT, async (t) => {
    const shop = FORMS[form];
    const { child, line, output, calls } = await startModule(t, shop, 'guide-module.js');
    const ports = await line();
    for (const [how, make] of [['grpcTools', startClient], ['api', createClient]]) {
      const port = ports[how];
      const client = asModule(shop, () => make('webrtc', `localhost:${port}`));
      t.after(() => client.close());
      const { error, reply } = await ask(client, 'publish', { id: how });
      assert.equal(error, null);
      assert.equal(reply.id, `${how} published`);
      const { messages, status } = await record(client.listenToNotifications({ id: 'me' }));
      assert.deepEqual(messages.map(({ name }) => name), ['update 0', 'update 1', 'update 2']);
      assert.equal(status.code, 0);
      await assertMutual(shop, port);
      assertNoSecret(inspect(client, PRINTED));
    }
    if (process.platform === 'linux') assertNoSecret(fs.readFileSync(`/proc/${child.pid}/cmdline`, 'latin1'));
    child.stdin.end();
    await once(child, 'close');
    assert.match(output.text, /Server \{/);
    assertNoSecret(output.text, logged.join('\n'));
    assert.ok(!calls(), 'openssl is not run');
  });
}

test("a grpc_host that is an IP address is refused by the guide's rule: only hostname is allowed", LIMIT, async (t) => {
  const shop = FORMS['PKCS#8'];
  const { line } = await startModule(t, shop, 'guide-module.js');
  const { grpcTools: port } = await line();
  const client = asModule(shop, () => startClient('webrtc', `127.0.0.1:${port}`));
  t.after(() => client.close());
  const { error } = await ask(client, 'publish', {});
  assert.equal(error.code, 14);
  assert.equal(
    error.message,
    `14 UNAVAILABLE: No connection established to 127.0.0.1:${port}: the certificate of "C=XX, ST=XX, L=XX, O=XX, OU=OWT, CN=localhost" is not accepted: ` +
      'it has a common name only (localhost), which cannot vouch for the IP address 127.0.0.1: only hostname is allowed. ' +
      'Use the host name instead of the address, or make a certificate with subjectAltName=IP:127.0.0.1'
  );
  assertNoSecret(inspect(error, PRINTED));
});

test('the bus and its registry, both surfaces, two processes: all over mutual TLS', LIMIT, async (t) => {
  const shop = FORMS['PKCS#8'];
  const options = { host: 'localhost', port: await freePort() };
  // The other process is first, and so the registry's host.
  const { child, line, output, calls } = await startModule(t, shop, '../bus/process.js', [JSON.stringify(options), 'there']);
  assert.equal(await line(), 'up');
  child.stdin.write('{"command":"join"}\n');
  await line();
  await assertMutual(shop, options.port);

  const bus = await asModule(shop, () => connectBus({ registry: `localhost:${options.port}` }));
  t.after(() => bus.close());
  const client = amqpClient();
  t.after(() => client.disconnect());
  await asModule(shop, () => connected(client, options));

  const rpc = await rpcClient(client);
  assert.deepEqual(await called(rpc, 'there', 'ping', [], 10_000), ['there', undefined]);
  assert.equal(await bus.call('there', 'who'), child.pid);
  await rpcServer(client, 'here', { add: (a, b, reply) => reply('callback', a + b) });
  assert.equal(await bus.call('here', 'add', [1, 2]), 3);

  bus.publish('group', 'all.of.you', { n: 1 });
  assert.deepEqual(await bus.call('there', 'messages'), [{ n: 1 }]);

  // Every port that a member listens on is like that, and told by the certificate's name.
  const { address, members } = await bus.status();
  const addresses = [address, ...members.map((member) => member.address)];
  assert.equal(addresses.length, 3, inspect(addresses));
  for (const told of addresses) {
    const [host, port] = told.split(':');
    assert.equal(host, 'localhost');
    await assertMutual(shop, Number(port));
  }
  for (const object of [bus, client, rpc]) assertNoSecret(inspect(object, PRINTED));
  child.stdin.end();
  await once(child, 'close');
  assertNoSecret(output.text, logged.join('\n'));
  assert.ok(!calls(), 'openssl is not run');
});

test('a member of the bus without certificates does not get in, and is told why', LIMIT, async (t) => {
  const shop = FORMS['PKCS#8'];
  const port = await freePort();
  const bus = await asModule(shop, () => connectBus({ registry: `localhost:${port}` }));
  t.after(() => bus.close());
  const outside = connectBus({ registry: `localhost:${port}`, tls: false, signal: timeoutSignal(10_000) });
  await assert.rejects(outside, (error) => {
    assert.match(error.message, /the peer speaks TLS and this side does not/);
    return true;
  });
});

test('a wrong passphrase is said without saying it, whatever is printed of the error', LIMIT, async (t) => {
  const shop = FORMS['PKCS#8'];
  const other = new Workshop(t);
  const wrong = { serverPass: 'the wrong server secret', clientPass: 'the wrong client secret' };
  await updateStore(other.file('.owt.authstore'), { grpc: wrong });
  process.chdir(other.folder);
  t.after(() => process.chdir(home));
  for (const start of [() => createClient('webrtc', 'localhost:1'), () => startClient('webrtc', 'localhost:1'), () => connectBus({ registry: 'localhost:1' })]) {
    const error = await failureOf(() => withEnvironment(shop.environment(), start));
    assert.equal(error.code, 'PASSPHRASE');
    const printed = inspect(error, PRINTED) + error.stack + JSON.stringify(error);
    assert.match(printed, /PASSPHRASE/);
    for (const secret of Object.values(wrong)) assert.ok(!printed.includes(secret), printed);
    assertNoSecret(printed);
  }
});

test('a passphrase may have any character: no shell sees it', LIMIT, async (t) => {
  const odd = `it's "$(touch owned)" \`x\` ; & | % Grüße`;
  const passphrases = { ca: odd, server: odd, client: odd };
  const shop = await new Workshop(t).guide({ bits: '2048', passphrases });
  for (const shaped of [shop, shop.traditional(passphrases)]) {
    const client = asModule(shaped, () => createClient('webrtc', 'localhost:1'));
    client.close();
  }
  assert.ok(!fs.existsSync(shop.file('owned')));
});

test('OWT_GRPC_CLIENT_AUTH=optional lets clients in that have no certificate, and no others', LIMIT, async (t) => {
  const shop = FORMS['PKCS#8'];
  const server = new Server().addService('webrtc', { publish: async (call) => ({ id: call.request.id }) });
  t.after(() => server.stop());
  const port = await asModule(shop, () => server.listen('127.0.0.1:0'), { OWT_GRPC_CLIENT_AUTH: 'optional' });
  assert.equal(await callOnce(port, { ca: shop.file('ca.crt') }), 'over TLS');
  const other = new Workshop(t).good();
  const stranger = { ca: shop.file('ca.crt'), cert: other.file('client.crt'), key: other.file('client.key') };
  assert.equal((await callOnce(port, stranger)).code, 14);
});
