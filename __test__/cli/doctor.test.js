'use strict';

// `owt-grpc doctor`: settings that are wrong, each in its way.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const net = require('node:net');
const { once } = require('node:events');
const path = require('node:path');
const { test } = require('node:test');
const toml = require('toml');
const { Server, startRegistry } = require('../..');
const { addon, target } = require('../../lib/crossing/platform');
const { readSettings } = require('../../lib/cli/owt/read-toml');
const { updateStore } = require('../../lib/credentials/store');
const { PASSPHRASES, Workshop, hasOpenssl } = require('../support/tls/certificates');
const { freePort } = require('../support/bus');
const { owtGrpc } = require('../support/cli');
const { filesIn } = require('../support/system/folders');
const { tempFolder } = require('../support/cli/stores');
const { STRANGER, as, needsRoot, sharedFolder } = require('../support/system/users');

const root = path.join(__dirname, '../..');
const limit = { timeout: 120_000 };
const withOpenssl = { ...limit, skip: !hasOpenssl && 'needs openssl' };

/** The doctor's findings for files by name, and what it printed. */
async function doctor(t, files, { env, folder = tempFolder(t) } = {}) {
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  const { code, stdout, stderr } = await owtGrpc(t, ['doctor', folder, '--json'], { env });
  assert.equal(stderr, '');
  const { findings, errors } = JSON.parse(stdout);
  assert.equal(code, errors > 0 ? 1 : 0);
  const bad = findings.filter(({ level }) => level === 'error' || level === 'warn');
  for (const { setting, advice } of bad) assert.ok(advice, `${setting} has no advice`);
  return { code, findings, bad, stdout, folder };
}

const told = (findings, level, pattern) => findings.some((found) => found.level === level && pattern.test(`${found.setting}: ${found.text}`));
const hears = ({ findings, stdout }, level, pattern) => assert.ok(told(findings, level, pattern), `no ${level} ${pattern} in ${stdout}`);

async function grpcServer(t, options) {
  const server = new Server(options).addService('webrtc', {});
  const port = await server.listen('127.0.0.1:0');
  t.after(() => server.stop({ graceMs: 0 }));
  return port;
}

/** A program that is no gRPC server. */
async function stranger(t) {
  const server = net.createServer((socket) => socket.on('error', () => {}).end('220 mail\r\n')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return server.address().port;
}

test('where all is well there is no error', limit, async (t) => {
  const [manager, sip] = [await grpcServer(t), await grpcServer(t)];
  const result = await doctor(t, {
    'portal/portal.toml': `[portal]\nenable_grpc = true\n[cluster]\ngrpc_host = "localhost:${manager}"\n`,
    'conference/agent.toml': `[agent]\nenable_grpc = true\n[cluster]\ngrpc_host = "localhost:${manager}"\nsip_portal = "localhost:${sip}"\n[cluster.worker]\nip = "localhost"\n`,
    'cluster_manager/cluster_manager.toml': `[manager]\nenable_grpc = true\ngrpc_host = "localhost:${manager}"\n`,
  });
  assert.deepEqual([result.code, result.bad], [0, []]);
  hears(result, 'ok', /\[cluster\] grpc_host in 2 files: a gRPC server answers/);
  hears(result, 'ok', /cluster_manager\.toml \[manager\] grpc_host: a gRPC server listens on port \d+ already/);
});

test('a place where nobody is, and one where another program is, are errors', limit, async (t) => {
  const [nobody, other] = [await freePort(), await stranger(t)];
  const result = await doctor(t, {
    'portal.toml': `[portal]\nenable_grpc = true\n[cluster]\ngrpc_host = "localhost:${nobody}"\n`,
    'a/portal.toml': `[portal]\nenable_grpc = true\n[cluster]\ngrpc_host = "127.0.0.1:${other}"\n`,
    'b/sip_portal.toml': `[sip_portal]\nenable_grpc = true\ngrpc_port = ${other}\n[cluster]\ngrpc_host = "localhost"\n`,
  });
  assert.equal(result.code, 1);
  hears(result, 'error', /^portal\.toml \[cluster\] grpc_host: .*refused/);
  hears(result, 'error', /^a\/portal\.toml \[cluster\] grpc_host: .*127\.0\.0\.1:\d+/);
  hears(result, 'error', /^b\/sip_portal\.toml \[sip_portal\] grpc_port: port \d+ is taken by another program/);
  hears(result, 'error', /^b\/sip_portal\.toml \[cluster\] grpc_host: .*expected host:port/);
});

test('toml files: what is no toml, keys that nobody reads, and modules in two modes', limit, async (t) => {
  const registry = await startRegistry({ listen: '127.0.0.1:0' });
  t.after(() => registry.stop());
  const manager = await grpcServer(t);
  const result = await doctor(t, {
    'portal.toml': `[portal\nenable_grpc = true\n[rabbit]\nport = ${registry.port}\n`,
    'a/agent.toml': `[agent]\nenable_grpc = true\n[cluster]\nhost = "localhost:${manager}"\n`,
    'b/agent.toml': `[agent]\n[rabbit]\nhost = "127.0.0.1"\nport = ${registry.port}\n`,
  });
  hears(result, 'error', /portal\.toml: line 1 is no table header/);
  hears(result, 'warn', /a\/agent\.toml \[cluster\] host: is not read/);
  hears(result, 'note', /a\/agent\.toml \[cluster\.worker\] ip: is not set/);
  hears(result, 'error', /a\/agent\.toml enable_grpc: is true, and not true in the 2 other files/);
  hears(result, 'ok', /\[rabbit\] in 2 files: a registry of the bus answers at 127\.0\.0\.1:\d+, with 0 members/);
});

test('the registry: none yet, another program, another cluster, none elsewhere', limit, async (t) => {
  const registry = await startRegistry({ listen: '127.0.0.1:0' });
  t.after(() => registry.stop());
  const free = await freePort();
  // Each waits for as long as a registry may take to answer: together.
  await Promise.all([
    [{ OWT_GRPC_REGISTRY: `127.0.0.1:${free}` }, 'note', /OWT_GRPC_REGISTRY: nobody is at .* the first module that starts becomes the registry/],
    [{ OWT_GRPC_REGISTRY: `127.0.0.1:${free}`, OWT_GRPC_HOST_REGISTRY: '0' }, 'error', /OWT_GRPC_REGISTRY: .*refused/],
    [{ OWT_GRPC_REGISTRY: `127.0.0.1:${await stranger(t)}` }, 'error', /OWT_GRPC_REGISTRY: .*taken by another program/],
    [{ OWT_GRPC_REGISTRY: `127.0.0.1:${registry.port}`, OWT_GRPC_CLUSTER: 'x' }, 'error', /OWT_GRPC_REGISTRY: .*this side belongs to the cluster "x"/],
    [{ OWT_GRPC_REGISTRY: '192.0.2.1:1' }, 'error', /OWT_GRPC_REGISTRY: .*plaintext/],
  ].map(async ([env, level, pattern]) => hears(await doctor(t, {}, { env }), level, pattern)));
});

test('modules that would refuse each other for their secrets are an error that says what joins them, and what parts them', limit, async (t) => {
  const folder = tempFolder(t);
  const rabbit = `[rabbit]\nhost = "127.0.0.1"\nport = ${await freePort()}\n`;
  for (const name of ['a', 'b']) fs.mkdirSync(path.join(folder, name));
  for (const [name, password] of [['a', 'hunter2'], ['b', 'hunter3']]) await updateStore(path.join(folder, name, '.owt.authstore'), { rabbit: { username: 'u', password } });
  const files = { 'a/portal.toml': `[portal]\n${rabbit}`, 'b/portal.toml': `[portal]\n${rabbit}` };
  const differ = await doctor(t, files, { folder });
  hears(differ, 'error', /b\/portal\.toml \[rabbit\]: meets another at .* another secret: here it is RabbitMQ's password in \.owt\.authstore, there /);
  assert.match(differ.bad.find(({ text }) => /another secret/.test(text)).advice, /OWT_GRPC_CLUSTER_SECRET for all; .*another registry: OWT_GRPC_REGISTRY/);
  assert.doesNotMatch(differ.stdout, /hunter/);
  const same = await doctor(t, files, { folder, env: { OWT_GRPC_CLUSTER_SECRET: 'for all' } });
  assert.ok(!told(same.findings, 'error', /another secret/), same.stdout);
});

test('a secret of the user that others may read is one error at its own place, with what to do', { ...limit, skip: needsRoot }, async (t) => {
  const env = as(STRANGER, { TMPDIR: sharedFolder(t), OWT_GRPC_REGISTRY: `127.0.0.1:${await freePort()}` });
  const folder = sharedFolder(t);
  await doctor(t, {}, { env, folder });
  fs.chmodSync(path.join(env.TMPDIR, `owt-grpc-${STRANGER}`, 'secret'), 0o644);
  const { bad } = await doctor(t, {}, { env, folder });
  assert.deepEqual(bad.map(({ level, setting }) => [level, setting]), [['error', 'secret']]);
  for (const { text } of bad) assert.match(text, /secret has mode 0644, .*`chmod 600 .*secret` if nobody has/);
});

test('a registry of an installation with another secret is an error that says how to part the two', limit, async (t) => {
  const registry = await startRegistry({ listen: '127.0.0.1:0', secret: 'of another installation' });
  t.after(() => registry.stop());
  const result = await doctor(t, {}, { env: { OWT_GRPC_REGISTRY: `127.0.0.1:${registry.port}` } });
  hears(result, 'error', /^OWT_GRPC_REGISTRY: .*not the other side's: .*This side's secret is the one that processes of this user share/);
  assert.match(result.bad.find(({ setting }) => setting === 'OWT_GRPC_REGISTRY').advice, /give one of them another registry: OWT_GRPC_REGISTRY/);
});

test('a cluster of several machines without secret and TLS is a warning that names the setting, and with it none', limit, async (t) => {
  const env = { OWT_GRPC_REGISTRY: '192.0.2.1:1', OWT_GRPC_INSECURE: '1' };
  const [open, closed] = await Promise.all([{}, { OWT_GRPC_CLUSTER_SECRET: 'x' }].map((more) => doctor(t, {}, { env: { ...env, ...more } })));
  const warned = /OWT_GRPC_REGISTRY: the registry 192\.0\.2\.1:1 is for several machines, and nothing keeps others/;
  hears(open, 'warn', warned);
  assert.match(open.bad.find(({ text }) => /several machines/.test(text)).advice, /^set OWT_GRPC_CLUSTER_SECRET to the same/);
  assert.ok(!told(closed.findings, 'warn', warned));
});

test('variables: names that are mistyped, values that are none', limit, async (t) => {
  const env = {
    OWT_GRPC_REGISTRY: 'nowhere:x', OWT_GRPC_LOGG: '1', OWT_GRPC_LOG: 'loud', OWT_GRPC_ADVERTISE: 'host:1', OWT_GRPC_INSECURE: '1',
    GRPC_ARG_HTTP_PROXY: '1', grpc_proxy: 'http://user:hunter2@127.0.0.1:3128',
  };
  const result = await doctor(t, {}, { env });
  hears(result, 'error', /OWT_GRPC_REGISTRY: .*"nowhere:x" is not host:port/);
  hears(result, 'warn', /OWT_GRPC_LOGG: is set and not known; did you mean OWT_GRPC_LOG\?/);
  hears(result, 'warn', /OWT_GRPC_LOG: is no level/);
  hears(result, 'warn', /OWT_GRPC_ADVERTISE: names a port/);
  hears(result, 'warn', /OWT_GRPC_INSECURE: /);
  hears(result, 'warn', /GRPC_ARG_HTTP_PROXY: gRPC calls go through the HTTP proxy 127\.0\.0\.1:3128/);
  assert.equal(result.stdout.includes('hunter2'), false);
});

/** A program that is preloaded, and takes the addon and its package from elsewhere. */
function withAddon(t, file, name) {
  const script = path.join(tempFolder(t), 'preload.js');
  const places = JSON.stringify(path.join(root, 'lib/crossing/platform.js'));
  fs.writeFileSync(script, `const real = require(${places});
    require.cache[${places}].exports = { ...real, addon: () => ${JSON.stringify(path.relative(root, file))}, platformPackage: () => ${JSON.stringify(name)} };\n`);
  return `--require=${script}`;
}

/** The addon, for a C library that nobody has yet. */
function forNewerLibc(folder) {
  const hashOf = (text) => {
    let hash = 0;
    for (const byte of Buffer.from(text)) {
      hash = ((hash << 4) + byte) >>> 0;
      const high = (hash & 0xf0000000) >>> 0;
      hash = ((hash ^ (high >>> 24)) & ~high) >>> 0;
    }
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(hash, 0);
    return bytes;
  };
  const content = fs.readFileSync(path.join(root, addon()));
  const wanted = [...new Set(content.toString('latin1').match(/GLIBC_2\.\d\d(?=\0)/g))].sort();
  const newest = wanted[wanted.length - 1];
  for (let at = content.indexOf(newest); at >= 0; at = content.indexOf(newest, at + 1)) content.write('GLIBC_2.99', at, 'latin1');
  // The loader compares hashes first.
  for (let at = content.indexOf(hashOf(newest)); at >= 0; at = content.indexOf(hashOf(newest), at + 1)) hashOf('GLIBC_2.99').copy(content, at);
  const file = path.join(folder, 'newer.node');
  fs.writeFileSync(file, content);
  return file;
}

test('an addon that is missing, of another version, or for a newer C library is one error that says so', limit, async (t) => {
  const folder = tempFolder(t);
  const other = path.join(folder, 'node_modules', 'owt-grpc-other');
  fs.mkdirSync(other, { recursive: true });
  fs.writeFileSync(path.join(other, 'package.json'), JSON.stringify({ name: 'owt-grpc-other', version: '99.0.0' }));
  const none = path.join(folder, 'none.node');
  fs.writeFileSync(path.join(folder, 'damaged.node'), 'not an addon');
  for (const [file, name, pattern] of [
    [none, 'owt-grpc-nowhere', /none\.node: no such file; owt-grpc-nowhere: not installed$/],
    [none, 'owt-grpc-other', /owt-grpc-other: its version is 99\.0\.0, that of owt-grpc is \d/],
    [path.join(folder, 'damaged.node'), 'owt-grpc-nowhere', /damaged\.node: .*; owt-grpc-nowhere: not installed$/],
    ...(process.platform === 'linux' && target().libc === 'glibc' ? [[forNewerLibc(folder), 'owt-grpc-nowhere', /newer\.node: .*GLIBC_2\.99' not found/]] : []),
  ]) {
    const env = { NODE_OPTIONS: withAddon(t, file, name), NODE_PATH: path.join(folder, 'node_modules'), OWT_GRPC_ROOT_CERT: 'ca.crt' };
    const { bad } = await doctor(t, { 'portal.toml': '[portal]\nenable_grpc = true\n' }, { env });
    const [{ setting, text, advice }, ...others] = bad;
    assert.deepEqual([setting, others.map((other) => other.setting)], ['addon', ['connections']]);
    assert.match(text, pattern);
    assert.match(advice, /Rust/);
  }
});

test('every variable that the package reads is known to the doctor', () => {
  const known = Object.keys(require('../../lib/common/environment').SETTINGS);
  const lib = path.join(__dirname, '../../lib');
  const read = new Set();
  for (const name of filesIn(lib).filter((file) => file.endsWith('.js'))) {
    for (const [variable] of fs.readFileSync(path.join(lib, name), 'utf8').matchAll(/\bOWT_GRPC_[A-Z_]*[A-Z]\b/g)) read.add(variable);
  }
  // `certs` hands passphrases to openssl by variables of its own.
  const settings = [...read].filter((variable) => !variable.endsWith('_PASS'));
  assert.deepEqual(settings.filter((variable) => !known.includes(variable)), []);
});

test('TLS that is half set, and files that are not there', limit, async (t) => {
  const half = await doctor(t, {}, { env: { OWT_GRPC_ROOT_CERT: 'ca.crt' } });
  hears(half, 'error', /OWT_GRPC_ROOT_CERT.*OWT_GRPC_SERVER_CERT.*not set/);
  hears(half, 'warn', /connections: were not tried/);
  const missing = await doctor(t, {}, { env: new Workshop(t).environment() });
  hears(missing, 'error', /OWT_GRPC_ROOT_CERT.*there is no such file/);
});

test('certificates: expired, not yet valid, soon to expire, of another CA, for another name', withOpenssl, async (t) => {
  const shop = new Workshop(t).good();
  shop.leaf('expired', { from: -20, to: -10 });
  shop.leaf('early', { from: 5, to: 20 });
  shop.leaf('soon', { to: 10 });
  shop.ca('strangers');
  shop.leaf('foreign', { signer: 'strangers' });
  const toml = { 'agent.toml': '[agent]\nenable_grpc = true\n[cluster.worker]\nip = "10.0.0.5"\n' };
  const env = (name) => shop.environment({ OWT_GRPC_SERVER_CERT: shop.file(`${name}.crt`), OWT_GRPC_SERVER_KEY: shop.file(`${name}.key`) });
  for (const [name, level, pattern] of [
    ['expired', 'error', /OWT_GRPC_SERVER_CERT .*: expired on /],
    ['early', 'error', /OWT_GRPC_SERVER_CERT .*: is not valid before /],
    ['soon', 'warn', /OWT_GRPC_SERVER_CERT .*: expires on .*, in 9 days/],
    ['foreign', 'error', /OWT_GRPC_SERVER_CERT .*: is not signed by a CA of OWT_GRPC_ROOT_CERT/],
    ['server', 'error', /agent\.toml \[cluster\.worker\] ip: others dial 10\.0\.0\.5, and OWT_GRPC_SERVER_CERT .* is for DNS:localhost/],
  ]) hears(await doctor(t, toml, { env: env(name) }), level, pattern);
});

test('the guide\'s certificates with their store are fine; a wrong passphrase and open modes are told, secrets are not', withOpenssl, async (t) => {
  const shop = await new Workshop(t).guide({ bits: '2048' });
  const port = await freePort();
  const env = { ...shop.environment(), OWT_GRPC_REGISTRY: `127.0.0.1:${port}` };
  const files = ['server.key', 'client.key', '.owt.authstore'];
  for (const name of files) fs.chmodSync(shop.file(name), 0o600);
  const good = await doctor(t, {}, { env, folder: shop.folder });
  assert.equal(good.code, 0, good.stdout);
  fs.chmodSync(shop.file('server.key'), 0o644);
  fs.chmodSync(shop.file('.owt.authstore'), 0o640);
  await updateStore(shop.file('.owt.authstore'), { grpc: { serverPass: PASSPHRASES.server, clientPass: 'mistyped' } });
  fs.chmodSync(shop.file('.owt.authstore'), 0o640);
  const bad = await doctor(t, {}, { env, folder: shop.folder });
  hears(bad, 'error', /OWT_GRPC_CLIENT_KEY.*its passphrase is another one/);
  hears(bad, 'warn', /OWT_GRPC_SERVER_KEY .*others than its owner \(mode 644\)/);
  hears(bad, 'warn', /authstore: .*\(mode 640\)/);
  for (const secret of [...Object.values(PASSPHRASES), 'mistyped']) assert.equal(bad.stdout.includes(secret), false);
  fs.writeFileSync(shop.file('.owt.authstore'), 'no store');
  hears(await doctor(t, {}, { env, folder: shop.folder }), 'error', /authstore/);
});

test('a server of TLS whose CA is another is an error that says so', withOpenssl, async (t) => {
  const [ours, theirs] = [new Workshop(t).good(), new Workshop(t).good()];
  const port = await grpcServer(t, { tls: { ca: theirs.file('ca.crt'), cert: theirs.file('server.crt'), key: theirs.file('server.key') } });
  const result = await doctor(t, { 'portal.toml': `[portal]\nenable_grpc = true\n[cluster]\ngrpc_host = "localhost:${port}"\n` }, { env: ours.environment() });
  hears(result, 'error', /portal\.toml \[cluster\] grpc_host: .*certificate/i);
});

test('for people it is one line for each finding, with what to do below it', limit, async (t) => {
  const port = await freePort();
  const { code, stdout } = await owtGrpc(t, ['doctor', tempFolder(t)], { env: { OWT_GRPC_REGISTRY: `127.0.0.1:${port}`, OWT_GRPC_LOG: 'x' } });
  assert.equal(code, 0);
  assert.match(stdout, /^warn {3}OWT_GRPC_LOG: is no level: warnings are logged, as without it\n {7}do: set it to one of off, error, warn, info, debug\n/);
  assert.match(stdout, /\n0 errors, 1 warning, 1 note, \d+ ok\n$/);
  assert.equal((await owtGrpc(t, ['doctor', 'no-such-folder'])).code, 1);
});

test('the toml reader reads what the toml package reads', () => {
  const text = `# OWT's style
top = 1
[manager]
name = "owt-cluster" #name
grpc_host = 'localhost:10080'
initial_time = 6_000   # ms
enable_grpc = true
rate = -1.5
escaped = "a\\t\\"b\\" \\u00e9 # no comment"
list = [ "a", # one
  "]", "b" ]
long = """
[not.a.table]
x = 1
"""
when = 2020-01-01T00:00:00Z
[ cluster . worker ]
"ip" = "localhost"
[[array]]
hidden = 1
[last]
off = false
`;
  const { values, problems } = readSettings(text);
  const read = toml.parse(text.replace('[ cluster . worker ]', '[cluster.worker]'));
  assert.deepEqual(problems, []);
  const expected = {};
  const visit = (table, prefix) => {
    for (const [name, value] of Object.entries(table)) {
      if (['string', 'number', 'boolean'].includes(typeof value)) expected[prefix + name] = value;
      else if (value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date)) visit(value, `${prefix}${name}.`);
    }
  };
  visit(read, '');
  delete expected['manager.long'];
  assert.deepEqual({ ...values }, expected);
  for (const [line, problem] of [['[a', /header/], ['a b', /key = value/], ['a = b c', /no text/], ['a = "x', /no text/]]) assert.match(readSettings(line).problems[0].text, problem);
});
