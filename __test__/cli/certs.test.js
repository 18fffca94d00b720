'use strict';

// `owt-grpc certs`: what it makes, by OpenSSL's reading, and by the addon's in both
// directions.

const assert = require('node:assert').strict;
const { spawnSync } = require('node:child_process');
const { createPrivateKey } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { readStore } = require('../../lib/credentials/store');
const { Certificate } = require('../support/tls/certificate');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');
const { tempFolder } = require('../support/cli/owt-tree');
const { command, withPipe } = require('../support/cli/terminal');

const root = path.join(__dirname, '../..');
const skip = hasOpenssl ? false : 'needs openssl';
const FILES = ['ca.crt', 'ca.key', 'client.crt', 'client.key', 'server.crt', 'server.key'];

function certs(folder, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, 'certs', folder, ...args], { encoding: 'utf8', timeout: 60_000 });
  return { code: status, stdout, stderr };
}

function make(folder, ...args) {
  const result = certs(folder, ...args);
  assert.equal(result.code, 0, result.stderr);
  return result;
}

const pem = (folder, name) => fs.readFileSync(path.join(folder, name));
const certificate = (folder, name) => new Certificate(path.join(folder, `${name}.crt`));
const stored = (folder) => readStore(path.join(folder, '.owt.authstore')).reveal().grpc;
const caPass = (folder) => readStore(path.join(folder, '.owt.castore')).reveal().caPass;
const openKey = (folder, name, passphrase) => createPrivateKey({ key: pem(folder, `${name}.key`), passphrase });

/** A server and calls to it by these hosts, in a process of its own that the folder's variables configure. */
function call(folder, exports, hosts, env = {}) {
  const script = `
    const { Server, createClient } = require(${JSON.stringify(root)});
    const server = new Server().addService('nodeManager', { getNode: () => ({ message: 'hello' }) });
    server.listen('127.0.0.1:0').then(async (port) => {
      for (const host of ${JSON.stringify(hosts)}) {
        const client = createClient('nodeManager', host + ':' + port);
        console.log(await client.getNode({}, { timeout: 5000 }).then(({ message }) => message, (error) => error.message));
        client.close();
      }
      await server.stop();
    });`;
  const variables = Object.fromEntries([...exports.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { cwd: folder, env: { ...process.env, ...variables, ...env }, encoding: 'utf8', timeout: 30_000 });
  return (stdout + stderr).trim().split('\n');
}

test('the certificates are of version 3, for names and addresses, each for its purpose', { skip }, (t) => {
  const folder = tempFolder(t);
  make(folder, '--host', 'localhost', '--host', '127.0.0.1', '--host', '::1', '--host', '*.example.com');
  const text = (name) => spawnSync('openssl', ['x509', '-in', path.join(folder, `${name}.crt`), '-noout', '-text'], { encoding: 'utf8' }).stdout;
  for (const [name, purpose] of [['server', 'TLS Web Server Authentication'], ['client', 'TLS Web Client Authentication']]) {
    const one = certificate(folder, name);
    assert.match(text(name), /Version: 3[^]*prime256v1/);
    assert.match(text(name), new RegExp(`Extended Key Usage: \\n\\s+${purpose}\\n`));
    assert.equal(one.subjectAltName, 'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:*.example.com');
    assert.equal(one.ca, false);
    assert.ok(one.isSignedBy(certificate(folder, 'ca')));
    const days = (new Date(one.validTo) - new Date(one.validFrom)) / 86_400_000;
    assert.equal(Math.round(days), 365);
    const purposeOf = name === 'server' ? 'sslserver' : 'sslclient';
    const verified = spawnSync('openssl', ['verify', '-x509_strict', '-purpose', purposeOf, '-CAfile', 'ca.crt', `${name}.crt`], { cwd: folder, encoding: 'utf8' });
    assert.equal(verified.status, 0, verified.stderr);
  }
  assert.equal(certificate(folder, 'ca').ca, true);
  assert.notEqual(certificate(folder, 'server').serialNumber, certificate(folder, 'client').serialNumber);
});

test('keys are PKCS#8, encrypted with AES-256, and their owner\'s only; the stores open them', { skip }, (t) => {
  const folder = tempFolder(t);
  make(folder);
  assert.deepEqual(fs.readdirSync(folder).sort(), ['.owt.authstore', '.owt.castore', ...FILES]);
  const { serverPass, clientPass } = stored(folder);
  assert.equal(new Set([serverPass, clientPass, caPass(folder)]).size, 3);
  for (const [name, passphrase] of [['server', serverPass], ['client', clientPass], ['ca', caPass(folder)]]) {
    assert.match(pem(folder, `${name}.key`).toString(), /^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    assert.match(spawnSync('openssl', ['asn1parse', '-in', path.join(folder, `${name}.key`)], { encoding: 'utf8' }).stdout, /:PBES2[^]*:hmacWithSHA256[^]*:aes-256-cbc/);
    assert.ok(certificate(folder, name).checkPrivateKey(openKey(folder, name, passphrase)));
    assert.ok(passphrase.length >= 20);
    if (process.platform !== 'win32') assert.equal(fs.statSync(path.join(folder, `${name}.key`)).mode & 0o777, 0o600);
  }
});

test('both directions accept them in strict mode, by name and by address', { skip }, (t) => {
  for (const args of [[], ['--rsa', '2048']]) {
    const folder = tempFolder(t);
    const { stdout } = make(folder, ...args);
    assert.deepEqual(call(folder, stdout, ['localhost', '127.0.0.1'], { OWT_GRPC_TLS_STRICT: '1' }), ['hello', 'hello']);
  }
});

test('a renewal is by the same CA, leaves the passphrases, and is accepted by those who have the old CA', { skip }, (t) => {
  const folder = tempFolder(t);
  const { stdout } = make(folder);
  const before = Object.fromEntries(FILES.map((name) => [name, pem(folder, name)]));
  const passphrases = stored(folder);
  make(folder, '--renew', '--days', '30');
  for (const name of FILES) assert.equal(pem(folder, name).equals(before[name]), name.startsWith('ca.'), name);
  assert.deepEqual(stored(folder), passphrases);
  assert.ok(certificate(folder, 'server').checkPrivateKey(openKey(folder, 'server', passphrases.serverPass)));
  assert.deepEqual(call(folder, stdout, ['localhost'], { OWT_GRPC_TLS_STRICT: '1' }), ['hello']);
  assert.deepEqual(fs.readdirSync(folder).sort(), ['.owt.authstore', '.owt.castore', ...FILES]);
});

test('a renewal is for the hosts of what it replaces, unless others are named', { skip }, (t) => {
  const folder = tempFolder(t);
  const hosts = () => require('../../lib/crossing/addon').native().readCertificates(pem(folder, 'server.crt'))[0];
  make(folder, '--host', 'one.example', '--host', '*.two.example', '--host', '10.1.2.3');
  make(folder, '--renew');
  assert.deepEqual([hosts().dnsNames, hosts().addresses], [['one.example', '*.two.example'], ['10.1.2.3']]);
  make(folder, '--renew', '--host', 'three.example');
  assert.deepEqual([hosts().dnsNames, hosts().addresses], [['three.example'], []]);
  make(folder, '--force', '--legacy', '--rsa', '2048', '--host', 'guide.example');
  make(folder, '--renew', '--legacy', '--rsa', '2048');
  assert.deepEqual([hosts().commonNames, hosts().hasAlternativeNames], [['guide.example'], false]);
  make(folder, '--renew');
  assert.deepEqual(hosts().dnsNames.slice(0, 2), ['guide.example', 'localhost']);
});

test('a CA without pairs is used; pairs are replaced by --renew or --force only', { skip }, (t) => {
  const folder = tempFolder(t);
  make(folder);
  for (const name of ['server', 'client']) for (const kind of ['key', 'crt']) fs.rmSync(path.join(folder, `${name}.${kind}`));
  const ca = pem(folder, 'ca.crt');
  assert.doesNotMatch(make(folder).stderr, /a CA, and/);
  assert.ok(pem(folder, 'ca.crt').equals(ca));
  const before = pem(folder, 'server.crt');
  const refused = certs(folder);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /has server\.key, server\.crt, client\.key, client\.crt already: --renew/);
  assert.ok(pem(folder, 'server.crt').equals(before));
  make(folder, '--force');
  assert.ok(!pem(folder, 'ca.crt').equals(ca));
  assert.ok(certificate(folder, 'server').isSignedBy(certificate(folder, 'ca')));
});

test('a store keeps what else is in it', { skip }, async (t) => {
  const folder = tempFolder(t);
  await require('../../lib/credentials/store').updateStore(path.join(folder, '.owt.authstore'), { rabbit: { username: 'r', password: 'p' } });
  make(folder);
  assert.deepEqual(readStore(path.join(folder, '.owt.authstore')).reveal().rabbit, { username: 'r', password: 'p' });
});

test('--ask takes passphrases from a pipe, and shows them nowhere', { skip, timeout: 60_000 }, async (t) => {
  const folder = tempFolder(t);
  const secrets = ["the CA's $HOME \"x\"", 'sérver\tsecret', "client'secret"];
  const { code, stdout, stderr } = await withPipe(t, ['certs', '--ask'], { cwd: folder, input: secrets.join('\n') });
  assert.equal(code, 0, stderr);
  assert.deepEqual([caPass(folder), ...Object.values(stored(folder))], secrets);
  for (const secret of secrets) assert.ok(!(stdout + stderr).includes(secret));
  assert.deepEqual(call(folder, stdout, ['localhost'], { OWT_GRPC_TLS_STRICT: '1' }), ['hello']);

  // Without the CA's store its passphrase is asked for.
  fs.rmSync(path.join(folder, '.owt.castore'));
  const unknown = certs(folder, '--renew');
  assert.deepEqual([unknown.code, /is encrypted, and .* has no \.owt\.castore with its passphrase: use --ask/.test(unknown.stderr)], [1, true]);
  const before = pem(folder, 'server.crt');
  const wrong = await withPipe(t, ['certs', '--renew', '--ask'], { cwd: folder, input: 'something\nserver\nclient\n' });
  assert.deepEqual([wrong.code, /ca\.key cannot be opened/.test(wrong.stderr), pem(folder, 'server.crt').equals(before)], [1, true, true]);
  const right = await withPipe(t, ['certs', '--renew', '--ask'], { cwd: folder, input: [secrets[0], 'new server', 'new client'].join('\n') });
  assert.equal(right.code, 0, right.stderr);
  assert.deepEqual(Object.values(stored(folder)), ['new server', 'new client']);
  const short = await withPipe(t, ['certs', '--renew', '--ask'], { cwd: folder, input: [secrets[0], 'abc', 'd'].join('\n') });
  assert.deepEqual([short.code, /4 to 1000 bytes/.test(short.stderr)], [1, true]);
});

test('no passphrase is an argument of a process', { skip: skip || (process.platform === 'win32' && 'needs sh') }, (t) => {
  const folder = tempFolder(t);
  const bin = tempFolder(t);
  const real = spawnSync('sh', ['-c', 'command -v openssl'], { encoding: 'utf8' }).stdout.trim();
  fs.writeFileSync(path.join(bin, 'openssl'), `#!/bin/sh\nprintf '%s\\n' "$@" >> '${bin}/arguments'\nexec '${real}' "$@"\n`, { mode: 0o755 });
  for (const args of [[], ['--force', '--legacy', '--rsa', '2048']]) {
    const { status } = spawnSync(process.execPath, [command, 'certs', folder, ...args], { env: { ...process.env, PATH: `${bin}:${process.env.PATH}` } });
    assert.equal(status, 0);
    const seen = fs.readFileSync(path.join(bin, 'arguments'), 'utf8');
    assert.match(seen, /^env:OWT_GRPC_SERVER_PASS$/m);
    for (const secret of [caPass(folder), ...Object.values(stored(folder))]) assert.ok(!seen.includes(secret));
  }
});

test('--legacy makes what the guide does, which strict mode refuses and the other accepts', { skip }, (t) => {
  const folder = tempFolder(t);
  const { stdout } = make(folder, '--legacy', '--rsa', '2048');
  const text = spawnSync('openssl', ['x509', '-in', path.join(folder, 'server.crt'), '-noout', '-text'], { encoding: 'utf8' }).stdout;
  assert.match(text, /Version: 1 [^]*Subject: .*CN ?= ?localhost/);
  assert.equal(certificate(folder, 'server').subjectAltName, undefined);
  assert.deepEqual(call(folder, stdout, ['localhost']), ['hello']);
  assert.match(call(folder, stdout, ['localhost'], { OWT_GRPC_TLS_STRICT: '1' }).join('\n'), /of the old kind/);
  // And better ones by the same CA: a default that ends with the CA.
  make(folder, '--renew');
  assert.deepEqual(call(folder, stdout, ['localhost', '127.0.0.1'], { OWT_GRPC_TLS_STRICT: '1' }), ['hello', 'hello']);
  const late = certs(folder, '--renew', '--days', '1000');
  assert.deepEqual([late.code, /ca\.crt ends on .*--days 36[56] is the most/.test(late.stderr)], [1, true]);
});

test('a CA that is half there, is none, or is another key\'s is told', { skip }, (t) => {
  const one = new Workshop(t);
  one.ca();
  one.leaf('leaf');
  const before = fs.readdirSync(one.folder).sort();
  for (const [files, expected] of [
    [{ 'ca.crt': 'ca.crt' }, /has ca\.crt and no ca\.key/],
    [{ 'ca.key': 'ca.key' }, /has ca\.key and no ca\.crt/],
    [{ 'ca.crt': 'ca.key', 'ca.key': 'ca.key' }, /is no certificate in PEM/],
    [{ 'ca.crt': 'leaf.crt', 'ca.key': 'leaf.key' }, /is no CA's certificate/],
    [{ 'ca.crt': 'ca.crt', 'ca.key': 'leaf.key' }, /ca\.key does not belong to ca\.crt/],
  ]) {
    const folder = tempFolder(t);
    for (const [to, from] of Object.entries(files)) fs.copyFileSync(one.file(from), path.join(folder, to));
    const { code, stderr } = certs(folder);
    assert.equal(code, 1, stderr);
    assert.match(stderr, expected);
    assert.deepEqual(fs.readdirSync(folder).sort(), Object.keys(files).sort());
  }
  const folder = tempFolder(t);
  assert.match(certs(folder, '--renew').stderr, /has no CA \(ca\.crt and ca\.key\) to renew with/);
  assert.deepEqual(fs.readdirSync(one.folder).sort(), before);
  // One with a key that is not encrypted is used without questions.
  for (const name of ['ca.crt', 'ca.key']) fs.copyFileSync(one.file(name), path.join(folder, name));
  make(folder);
});

test('without openssl, or when it fails, it says so and leaves nothing', { skip: process.platform === 'win32' && 'needs sh' }, (t) => {
  const folder = tempFolder(t);
  const bin = tempFolder(t);
  const run = () => spawnSync(process.execPath, [command, 'certs', folder], { env: { ...process.env, PATH: bin }, encoding: 'utf8' });
  const missing = run();
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /openssl is needed to sign certificates/);
  fs.writeFileSync(path.join(bin, 'openssl'), '#!/bin/sh\nif [ "$1" = x509 ]; then echo broken >&2; exit 1; fi\nexit 0\n', { mode: 0o755 });
  const failing = run();
  assert.equal(failing.status, 1);
  assert.match(failing.stderr, /openssl x509 failed: broken/);
  assert.deepEqual(fs.readdirSync(folder), []);
});

test('--json has everything but secrets, and the lines to export are fit for a shell', { skip: skip || (process.platform === 'win32' && 'needs sh') }, (t) => {
  const folder = path.join(tempFolder(t), "it's a folder");
  const { stdout } = make(folder);
  const shown = spawnSync('sh', ['-ec', `${stdout}\nprintf %s "$OWT_GRPC_CLIENT_KEY"`], { encoding: 'utf8' });
  assert.equal(shown.stdout, path.join(folder, 'client.key'));
  const json = make(folder, '--force', '--json', '--host', 'a.example').stdout;
  const result = JSON.parse(json);
  assert.deepEqual([result.folder, result.hosts, result.days, result.newCa, result.variables.OWT_GRPC_ROOT_CERT], [folder, ['a.example'], 365, true, path.join(folder, 'ca.crt')]);
  for (const secret of [caPass(folder), ...Object.values(stored(folder))]) assert.ok(!json.includes(secret));
});

test('a folder that cannot be made is told at once', { skip: process.platform !== 'linux' && 'needs /proc' }, () => {
  const { code, stderr } = certs('/proc/nowhere/below');
  assert.deepEqual([code, stderr], [1, 'owt-grpc certs: /proc/nowhere/below cannot be made a folder (ENOENT)\n']);
});

test('wrong options end with 2 and make nothing', (t) => {
  const folder = path.join(tempFolder(t), 'new');
  for (const [args, expected] of [
    [['--host', 'a b'], /--host a b is no host name/],
    [['--host', 'x\nDNS.9 = evil'], /is no host name/],
    [['--host', '1.2.3'], /is no host name/],
    [['--host', 'fe80::1%eth0'], /is no host name/],
    [['--days', '0'], /--days takes a whole number/],
    [['--days', '1.5'], /--days takes a whole number/],
    [['--rsa', '1024'], /--rsa takes/],
    [['--rsa', '3072'], /--rsa takes 2048 or 4096/],
    [['--renew', '--force'], /give one of them/],
    [['--legacy', '--host', '10.0.0.1'], /cannot be for an address/],
    [['--legacy', '--host', 'a', '--host', 'b'], /takes one --host/],
    [['x'], /one folder is taken/],
  ]) {
    const { code, stderr } = certs(folder, ...args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, expected);
  }
  assert.ok(!fs.existsSync(folder));
});
