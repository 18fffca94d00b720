'use strict';

// TLS that was asked for and cannot be had: an error that names the setting and the
// file, from all that a module can call. Nothing listens, nothing is sent.

const assert = require('node:assert').strict;
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { before, test } = require('node:test');
const { Server, connectBus, createClient } = require('../..');
const amqpClient = require('../../lib/dropin/amqpClient');
const { startClient, startServer } = require('../../lib/dropin/grpcTools');
const { updateStore } = require('../../lib/credentials/store');
const { freePort } = require('../support/bus');
const { PASSPHRASES, Workshop, hasOpenssl } = require('../support/tls/certificates');
const { failureOf, withEnvironment } = require('../support/tls');

const LIMIT = { timeout: 30_000, skip: hasOpenssl ? false : 'openssl is not installed' };
const VARIABLES = ['OWT_GRPC_ROOT_CERT', 'OWT_GRPC_SERVER_CERT', 'OWT_GRPC_SERVER_KEY', 'OWT_GRPC_CLIENT_CERT', 'OWT_GRPC_CLIENT_KEY'];
const shop = hasOpenssl ? new Workshop() : null;
const home = process.cwd();

before(async () => {
  if (shop === null) return;
  shop.good();
  for (const name of ['server', 'client']) {
    shop.openssl('pkcs8', '-topk8', '-in', `${name}.key`, '-passout', `pass:${PASSPHRASES[name]}`, '-out', `${name}.locked.key`);
  }
  shop.leaf('pair');
  shop.write('garbage', '\x00\x01 this is nothing');
  shop.write('garbage.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  shop.write('garbage.key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n');
  shop.write('empty', '');
  shop.leaf('old', { v1: true });
  shop.leaf('small', { kind: '1024' });
  shop.leaf('odd', { kind: 'P-521' });
  await updateStore(shop.file('.owt.authstore'), { grpc: { serverPass: PASSPHRASES.server, clientPass: PASSPHRASES.client } });
  await updateStore(shop.file('wrong.store'), { grpc: { serverPass: 'another', clientPass: 'another' } });
  await updateStore(shop.file('none.store'), { rabbit: { username: 'a', password: 'b' } });
  await updateStore(shop.file('cleaned.store'), { grpc: null });
  await updateStore(shop.file('odd.store'), { grpc: { serverPass: 7 } });
  shop.write('garbage.store', 'not a store');
});

/** A module's folder whose store is this one: a name in the workshop, or null for a folder in place of a file. */
function moduleFolder(store) {
  const folder = fs.mkdtempSync(path.join(shop.folder, 'module-'));
  const own = path.join(folder, '.owt.authstore');
  if (store === null) fs.mkdirSync(own);
  else if (store !== undefined) fs.copyFileSync(shop.file(store), own);
  return fs.realpathSync(folder);
}

const locked = () => ({ OWT_GRPC_SERVER_KEY: shop.file('server.locked.key'), OWT_GRPC_CLIENT_KEY: shop.file('client.locked.key') });
const cut = (full, name) => ({ ...full, [name]: '' });

/**
 * Rows: what is wrong, the variables, and what is said of the server's side and of
 * the client's. A side of which nothing is said does not notice. FILE is the
 * variable's file, KEY the side's key with its variable.
 */
const ROWS = {
  'no certificate variable though OWT_GRPC_SSL asks': {
    env: () => ({ ...Object.fromEntries(VARIABLES.map((name) => [name, ''])), OWT_GRPC_SSL: '1' }),
    both: ['HALF_SET', `OWT_GRPC_SSL asks for TLS, and ${VARIABLES.join(', ')} are not set: TLS needs all of ${VARIABLES.join(', ')}`],
  },
  ...Object.fromEntries(
    VARIABLES.map((name) => [
      `${name} not set`,
      {
        env: () => cut(shop.environment(), name),
        both: ['HALF_SET', `${VARIABLES.find((other) => other !== name)} asks for TLS, and ${name} is not set: TLS needs all of ${VARIABLES.join(', ')}`],
      },
    ])
  ),
  'OWT_GRPC_CLIENT_AUTH with a value of its own': {
    env: () => shop.environment({ OWT_GRPC_CLIENT_AUTH: 'off' }),
    both: ['INVALID', 'OWT_GRPC_CLIENT_AUTH is "off": it can be "optional", or unset to require client certificates'],
  },
  'a CA file that is not there': {
    env: () => shop.environment({ OWT_GRPC_ROOT_CERT: shop.file('nowhere.crt') }),
    both: ['FILE', 'OWT_GRPC_ROOT_CERT FILE cannot be read: there is no such file'],
  },
  'a CA file below a file': {
    env: () => shop.environment({ OWT_GRPC_ROOT_CERT: path.join(shop.file('ca.crt'), 'x.crt') }),
    both: ['FILE', 'OWT_GRPC_ROOT_CERT FILE cannot be read: ENOTDIR...'],
  },
  'a CA file that is a folder': {
    env: () => shop.environment({ OWT_GRPC_ROOT_CERT: shop.folder }),
    both: ['FILE', 'OWT_GRPC_ROOT_CERT FILE is not a file'],
  },
  'a CA file of some size': {
    env: () => shop.environment({ OWT_GRPC_ROOT_CERT: shop.write('large', Buffer.alloc(2_000_000)) }),
    both: ['FILE', 'OWT_GRPC_ROOT_CERT FILE has 2000000 bytes: that is no certificate or key'],
  },
  'a CA file without a certificate': {
    env: () => shop.environment({ OWT_GRPC_ROOT_CERT: shop.file('garbage') }),
    both: ['CERTIFICATE', 'OWT_GRPC_ROOT_CERT FILE has no certificate in it (-----BEGIN CERTIFICATE-----)'],
  },
  'a CA file that is empty': {
    env: () => shop.environment({ OWT_GRPC_ROOT_CERT: shop.file('empty') }),
    both: ['CERTIFICATE', 'OWT_GRPC_ROOT_CERT FILE has no certificate in it (-----BEGIN CERTIFICATE-----)'],
  },
  'a CA file with what is no certificate': {
    env: () => shop.environment({ OWT_GRPC_ROOT_CERT: shop.file('garbage.pem') }),
    both: ['CERTIFICATE', 'OWT_GRPC_ROOT_CERT FILE is no CA file: it cannot be read as an X.509 certificate (...)'],
  },
  "a CA file with a server's certificate": {
    env: () => shop.environment({ OWT_GRPC_ROOT_CERT: shop.file('server.crt') }),
    both: ['CERTIFICATE', 'OWT_GRPC_ROOT_CERT FILE has the certificate of "C=XX, ST=XX, L=XX, O=XX, OU=OWT, CN=localhost", which is no CA\'s'],
  },
  "a CA file with a server's certificate of version 1": {
    env: () => shop.environment({ OWT_GRPC_ROOT_CERT: shop.file('old.crt') }),
    both: ['CERTIFICATE', 'OWT_GRPC_ROOT_CERT FILE has the certificate of "C=XX, ST=XX, L=XX, O=XX, OU=OWT, CN=localhost", which is no CA\'s'],
  },
  'a certificate that is not there': {
    env: () => shop.environment({ OWT_GRPC_SERVER_CERT: shop.file('nowhere.crt') }),
    server: ['FILE', 'OWT_GRPC_SERVER_CERT FILE cannot be read: there is no such file'],
  },
  'a certificate that is garbage': {
    env: () => shop.environment({ OWT_GRPC_CLIENT_CERT: shop.file('garbage') }),
    client: ['CERTIFICATE', 'OWT_GRPC_CLIENT_CERT FILE has no certificate in it (-----BEGIN CERTIFICATE-----)'],
  },
  "a certificate that is a CA's": {
    env: () => shop.environment({ OWT_GRPC_SERVER_CERT: shop.file('ca.crt'), OWT_GRPC_SERVER_KEY: shop.file('ca.key') }),
    server: ['CERTIFICATE', "OWT_GRPC_SERVER_CERT FILE is a CA's certificate, which servers and clients cannot use as their own"],
  },
  'a certificate with an RSA key of 1024 bits': {
    env: () => shop.environment({ OWT_GRPC_SERVER_CERT: shop.file('small.crt'), OWT_GRPC_SERVER_KEY: shop.file('small.key') }),
    server: ['CERTIFICATE', 'OWT_GRPC_SERVER_CERT FILE cannot be used: its RSA key has 1024 bits, and 2048 are the least'],
  },
  'a key of a curve that is not supported': {
    env: () => shop.environment({ OWT_GRPC_SERVER_CERT: shop.file('odd.crt'), OWT_GRPC_SERVER_KEY: shop.file('odd.key') }),
    server: ['CERTIFICATE', 'OWT_GRPC_SERVER_KEY FILE is of a kind that is not supported: use RSA of 2048 bits or more, or ECDSA on P-256 or P-384'],
  },
  'a key that is not there': {
    env: () => shop.environment({ OWT_GRPC_CLIENT_KEY: shop.file('nowhere.key') }),
    client: ['FILE', 'OWT_GRPC_CLIENT_KEY FILE cannot be read: there is no such file'],
  },
  'a key that is garbage': {
    env: () => shop.environment({ OWT_GRPC_SERVER_KEY: shop.file('garbage') }),
    server: ['CERTIFICATE', 'OWT_GRPC_SERVER_KEY FILE is no private key in PEM (...)'],
  },
  'a key that is garbage in PEM': {
    env: () => shop.environment({ OWT_GRPC_SERVER_KEY: shop.file('garbage.key') }),
    server: ['CERTIFICATE', 'OWT_GRPC_SERVER_KEY FILE is no private key in PEM (...)'],
  },
  'a key file with a certificate in it': {
    env: () => shop.environment({ OWT_GRPC_SERVER_KEY: shop.file('server.crt') }),
    server: ['CERTIFICATE', 'OWT_GRPC_SERVER_KEY FILE is no private key in PEM (...)'],
  },
  'a key of another certificate': {
    env: () => shop.environment({ OWT_GRPC_SERVER_KEY: shop.file('pair.key') }),
    server: ['CERTIFICATE', 'OWT_GRPC_SERVER_KEY FILE does not belong to the certificate of "C=XX, ST=XX, L=XX, O=XX, OU=OWT, CN=localhost": they are of different pairs'],
  },
  'an encrypted key and no store': {
    env: () => shop.environment(locked()),
    both: ['PASSPHRASE', 'KEY is encrypted, and STORE has no passphrase for it: run `owt-grpc auth --grpc --dir FOLDER`'],
  },
  'an encrypted key and a store without passphrases': {
    env: () => shop.environment(locked()),
    store: 'none.store',
    both: ['PASSPHRASE', 'KEY is encrypted, and STORE has no passphrase for it: run `owt-grpc auth --grpc --dir FOLDER`'],
  },
  'an encrypted key and a store that was cleaned up': {
    env: () => shop.environment(locked()),
    store: 'cleaned.store',
    both: ['PASSPHRASE', 'KEY is encrypted, and STORE has no passphrase for it: run `owt-grpc auth --grpc --dir FOLDER`'],
  },
  'an encrypted key and another passphrase': {
    env: () => shop.environment(locked()),
    store: 'wrong.store',
    both: ['PASSPHRASE', 'KEY cannot be opened: its passphrase is another one than the one that STORE has for the ROLE (`owt-grpc auth --grpc --dir FOLDER` sets it), or the file is damaged'],
  },
  'an encrypted key and garbage for a store': {
    env: () => shop.environment(locked()),
    store: 'garbage.store',
    both: ['STORE', 'KEY is encrypted, and the store with its passphrase cannot be used: STORE: is not a credential store, or is locked with another key (credPass); to start anew, move it away and run `owt-grpc auth`'],
  },
  'an encrypted key and a folder for a store': {
    env: () => shop.environment(locked()),
    store: null,
    both: ['STORE', 'KEY is encrypted, and the store with its passphrase cannot be used: STORE: is not a file; move it away'],
  },
  'an encrypted key and a store with a passphrase that is none': {
    env: () => shop.environment(locked()),
    store: 'odd.store',
    server: ['STORE', 'KEY is encrypted, and the store with its passphrase cannot be used: STORE: its entry grpc.serverPass is not what initauth.js stores; ...'],
  },
};

/** What each of the two sides can be started with. */
const STARTS = {
  server: {
    Server: () => new Server().addService('webrtc', {}).listen('127.0.0.1:0'),
    startServer: () => startServer('webrtc', {}, 0),
  },
  client: {
    createClient: () => createClient('webrtc', 'localhost:1'),
    startClient: () => startClient('webrtc', 'localhost:1'),
  },
};

for (const [name, row] of Object.entries(ROWS)) {
  test(`${name}: an error that names it, on every way in`, LIMIT, async (t) => {
    const env = row.env();
    const folder = moduleFolder(row.store);
    t.after(() => process.chdir(home));
    process.chdir(folder);
    for (const role of ['server', 'client']) {
      const expected = row[role] ?? row.both;
      if (expected === undefined) continue;
      for (const [how, start] of Object.entries(STARTS[role])) {
        const error = await failureOf(() => withEnvironment(env, start));
        assertTlsError(error, expected, { how, env, role, folder });
      }
    }
    // A member of the bus is both; its server's side is looked at first.
    const role = row.client === undefined ? 'server' : 'client';
    const error = await failureOf(() => withEnvironment(env, () => connectBus({ registry: 'localhost:1' })));
    assertTlsError(error, row[role] ?? row.both, { how: 'connectBus', env, role, folder });
    const why = await new Promise((resolve, reject) => withEnvironment(env, () => amqpClient().connect({ host: 'localhost', port: 1 }, reject, resolve)));
    assert.equal(why.message, error.message);
  });
}

/**
 * @param {Error} error
 * @param {[string, string]} expected its code and message, in which "..." is anything
 * @param {{ how: string, env: Record<string, string>, role: string, folder: string }} where what FILE, KEY and the like stand for
 */
function assertTlsError(error, [code, message], { how, env, role, folder }) {
  assert.equal(error.name, 'TlsError', `${how}: ${error.stack}`);
  assert.equal(error.code, code, how);
  const key = `OWT_GRPC_${role.toUpperCase()}_KEY`;
  const filled = message
    .replace(/^(OWT_GRPC_\w+) FILE/, (_, name) => `${name} ${env[name]}`)
    .replace(/^KEY/, `${key} ${env[key]}`)
    .replace('STORE', path.join(folder, '.owt.authstore'))
    .replace('FOLDER', folder)
    .replace('ROLE', role);
  const [start, end] = filled.split('...');
  if (end === undefined) assert.equal(error.message, filled, how);
  else assert.ok(error.message.startsWith(start) && error.message.endsWith(end), `${how}: ${error.message}`);
  for (const secret of Object.values(PASSPHRASES)) assert.ok(!error.stack.includes(secret), how);
}

test('a server that cannot have TLS listens on nothing', LIMIT, async () => {
  const port = await freePort();
  const env = shop.environment({ OWT_GRPC_SERVER_CERT: shop.file('nowhere.crt') });
  await failureOf(() => withEnvironment(env, () => new Server().listen(`127.0.0.1:${port}`)));
  // It can be started when that is mended, on the same port.
  const server = new Server();
  await failureOf(() => withEnvironment(env, () => server.listen(`127.0.0.1:${port}`)));
  assert.equal(await withEnvironment(shop.environment(), () => server.listen(`127.0.0.1:${port}`)), port);
  await server.stop();
});

test('a pipe in place of a file is refused and does not hang', LIMIT, () => {
  execFileSync('mkfifo', [shop.file('pipe')]);
  const script = `
    const { createClient } = require(${JSON.stringify(path.join(__dirname, '../..'))});
    try { createClient('webrtc', 'localhost:1'); } catch (error) { console.log(error.name, error.code, error.message); }`;
  for (const name of ['pipe', '/dev/zero']) {
    const file = path.resolve(shop.folder, name);
    const env = { ...process.env, ...shop.environment({ OWT_GRPC_ROOT_CERT: file }) };
    const { stdout, signal } = spawnSync(process.execPath, ['--max-old-space-size=200', '-e', script], { env, encoding: 'utf8', timeout: 5000, killSignal: 'SIGKILL' });
    assert.equal(signal, null, `${name}: it hangs`);
    assert.equal(stdout, `TlsError FILE OWT_GRPC_ROOT_CERT ${file} is not a file\n`);
  }
});

test('OWT_GRPC_SSL set to 0, false or nothing asks for nothing; the five variables do, whatever it says', LIMIT, async () => {
  for (const off of ['', '0', 'false']) {
    const plain = withEnvironment({ OWT_GRPC_SSL: off }, () => createClient('webrtc', 'localhost:1'));
    plain.close();
    const env = shop.environment({ OWT_GRPC_SSL: off, OWT_GRPC_ROOT_CERT: shop.file('nowhere.crt') });
    assert.equal((await failureOf(() => withEnvironment(env, () => createClient('webrtc', 'localhost:1')))).code, 'FILE');
  }
});
