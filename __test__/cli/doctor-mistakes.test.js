'use strict';

// `owt-grpc doctor`: the mistakes that are made when OWT is moved to owt-grpc. Each is
// made once in an installation of all modules in which nothing else is wrong, and is
// the one finding. What the network would answer is given where it cannot be had on
// every machine; two rows are of the command itself.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { connectBus, startRegistry } = require('../..');
const { examine } = require('../../lib/cli/doctor');
const { network } = require('../../lib/cli/doctor/network');
const { settingOf } = require('../../lib/cli/doctor/report');
const { updateStore } = require('../../lib/credentials/store');
const { Workshop, hasOpenssl } = require('../support/tls/certificates');
const { cleanEnvironment, owtGrpc } = require('../support/cli');
const { freePort } = require('../support/bus');
const { BUS_ONLY, MODULES, UPSTREAM, swappedInstallation, write } = require('../support/cli/owt-tree');
const { STRANGER, as, needsRoot, sharedFolder } = require('../support/system/users');

const ALL = [...Object.keys(MODULES), ...Object.keys(BUS_ONLY)];
const AGENTS = Object.keys(MODULES).filter((name) => name.endsWith('_agent'));
const STORE = '.owt.authstore';
const [major] = process.versions.node.split('.').map(Number);

/** A machine on which nothing is started yet. */
const quiet = {
  addresses: () => ['10.77.0.1'],
  lookup: async (host) => ({ 'this.example': ['10.77.0.1'], 'other.example': ['10.77.0.2'] })[host] ?? [],
  isRefused: async () => true,
  probe: async (target) => `the connection to ${target} was refused`,
  bindable: async () => '',
};

/** An installation, and how it is spoilt. */
class Tree {
  constructor(t) {
    this.t = t;
    this.root = swappedInstallation(t);
  }

  file(name) {
    return path.join(this.root, name);
  }

  /** The toml of a module. */
  toml(name) {
    return this.file(path.join(name, (MODULES[name] ?? BUS_ONLY[name])[0]));
  }

  write(name, text) {
    write(this.root, { [name]: text });
  }

  /** In the toml files of modules. */
  edit(names, from, to) {
    for (const name of [names].flat()) {
      const before = fs.readFileSync(this.toml(name), 'utf8');
      const after = before.replace(from, to);
      assert.notEqual(after, before, `${name}: ${from}`);
      fs.writeFileSync(this.toml(name), after);
    }
  }

  enableGrpc(names = Object.keys(MODULES)) {
    this.edit(names, '#enable_grpc = true', 'enable_grpc = true');
  }

  /** Where those look that read it. */
  grpcHost(names, host) {
    this.edit(names, '[cluster]\n', `[cluster]\ngrpc_host = "${host}"\n`);
  }

  async stores(names, password = 'of RabbitMQ') {
    for (const name of names) await updateStore(this.file(path.join(name, STORE)), { rabbit: { username: 'owt', password } });
  }

  /** A registry that runs, which all toml files name. */
  async registry(options) {
    const registry = await startRegistry({ listen: '127.0.0.1:0', ...options });
    this.t.after(() => registry.stop());
    this.edit(ALL, 'port = 5672', `port = ${registry.port}`);
    return `127.0.0.1:${registry.port}`;
  }
}

/** What the doctor finds with an environment, in this process. */
async function findings(root, { env = {}, answers = {} } = {}) {
  const before = { ...process.env };
  const clean = cleanEnvironment(env);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, clean);
  try {
    return (await examine(root, { ...quiet, ...answers })).sorted();
  } finally {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

const readers = ['management_api', 'portal', 'sip_portal', 'conference_agent', 'quic_agent', 'sip_agent'];

/**
 * Each with what is done to the installation; and the first finding as a person reads it, with what to do.
 *
 * `others` follow from it.
 *
 * @type {{ mistake: string, make: (tree: Tree) => any, finds: RegExp, advice: RegExp, others?: RegExp[], skip?: any }[]}
 */
const MISTAKES = [
  {
    mistake: 'one module was not swapped',
    make: (tree) => tree.write('webrtc_agent/amqpClient.js', UPSTREAM.amqpClient),
    finds: /^error webrtc_agent\/amqpClient\.js: is OWT's own and talks to RabbitMQ, where the 16 other modules are not/,
    advice: /^`owt-grpc swap \.` and start the modules anew$/,
  },
  {
    mistake: 'three modules got their own files back by an update',
    make: (tree) => ['portal', 'sip_portal', 'stream_service'].forEach((name) => tree.write(`${name}/amqpClient.js`, UPSTREAM.amqpClient)),
    finds: /^error amqpClient\.js in 3 folders: is OWT's own and talks to RabbitMQ, where the 14 other/,
    advice: /owt-grpc swap/,
  },
  {
    mistake: 'no module was swapped',
    make: (tree) => ALL.forEach((name) => tree.write(`${name}/amqpClient.js`, UPSTREAM.amqpClient)),
    finds: /^error amqpClient\.js in 17 folders: is OWT's own, as in all modules: owt-grpc is not in use/,
    advice: /owt-grpc swap/,
  },
  {
    mistake: 'a module has a file that was modified',
    make: (tree) => tree.write('portal/amqpClient.js', `${UPSTREAM.amqpClient}// ours\n`),
    finds: /^error portal\/amqpClient\.js: does not load owt-grpc and talks to RabbitMQ/,
    advice: /--force/,
  },
  {
    mistake: 'a file was written by hand, for the other half',
    make: (tree) => tree.write('portal/amqpClient.js', "module.exports = require('owt-grpc/grpcTools');\n"),
    finds: /^error portal\/amqpClient\.js: loads the other half of owt-grpc/,
    advice: /owt-grpc\/amqpClient/,
  },
  {
    mistake: 'swap was cut off',
    make: (tree) => tree.write('.owt-grpc-swap/journal.json', '{ "version": 1, "isComplete": false, "entries": [] }'),
    finds: /^error swap: was cut off here/,
    advice: /completes it.*--undo/,
  },
  {
    mistake: 'owt-grpc is not installed where modules look',
    make: (tree) => fs.rmSync(tree.file('node_modules'), { recursive: true }),
    finds: /^error 17 modules: does not find owt-grpc, which its files load/,
    advice: /^install owt-grpc in /,
  },
  {
    mistake: 'owt-grpc is in some modules, and not in one',
    make(tree) {
      const text = fs.readFileSync(tree.file('node_modules/owt-grpc/package.json'), 'utf8');
      fs.rmSync(tree.file('node_modules'), { recursive: true });
      for (const name of ALL) if (name !== 'video_agent') tree.write(`${name}/node_modules/owt-grpc/package.json`, text);
    },
    finds: /^error video_agent: does not find owt-grpc/,
    advice: /`npm install` in each/,
  },
  {
    mistake: 'a module has an older owt-grpc of its own',
    make: (tree) => tree.write('sip_agent/node_modules/owt-grpc/package.json', '{ "name": "owt-grpc", "version": "0.1.0" }'),
    finds: /^warn sip_agent: finds owt-grpc 0\.1\.0, and this command is \d/,
    advice: /one version/,
  },
  {
    mistake: '[rabbit] host of one file is another',
    make: (tree) => tree.edit('portal', 'host = "localhost"', 'host = "127.0.0.2"'),
    finds: /^error portal\/portal\.toml \[rabbit\]: names the registry 127\.0\.0\.2:5680, and the 16 other files 127\.0\.0\.1:5680: two registries/,
    advice: /the same host, port and vhost/,
  },
  {
    mistake: '[rabbit] port of two files is another',
    make: (tree) => tree.edit(['portal', 'audio_agent'], 'port = 5672', 'port = 5690'),
    finds: /^error \[rabbit\] in 2 files: names the registry 127\.0\.0\.1:5690, and the 15 other files/,
    advice: /the same host, port and vhost/,
  },
  {
    mistake: 'vhost of one file is another',
    make: (tree) => tree.edit('portal', '[rabbit]\n', '[rabbit]\nvhost = "test"\n'),
    finds: /^error portal\/portal\.toml \[rabbit\]: names the registry 127\.0\.0\.1:5680 \(vhost test\)/,
    advice: /vhost/,
  },
  {
    mistake: 'the name of the cluster is another in one file',
    make: (tree) => tree.edit('management_api', 'name = "owt-cluster"', 'name = "owt"'),
    finds: /^error management_api\/management_api\.toml \[cluster\] name: is owt, and owt-cluster in the 16 other files/,
    advice: /the same name/,
  },
  {
    mistake: 'enable_grpc is true in one file',
    make: (tree) => tree.enableGrpc(['sip_portal']),
    finds: /^error sip_portal\/sip_portal\.toml enable_grpc: is true, and not true in the 12 other files/,
    advice: /not at all for the bus/,
    // The cluster manager is on the bus.
    others: [/^error sip_portal\/sip_portal\.toml \[cluster\] grpc_host: .* was refused/],
  },
  {
    mistake: 'enable_grpc was forgotten in two files',
    make: (tree) => tree.enableGrpc(Object.keys(MODULES).filter((name) => !['audio_agent', 'portal'].includes(name))),
    finds: /^error enable_grpc in 2 files: is not true, and true in the 11 other files/,
    advice: /the same in all of them/,
  },
  {
    mistake: 'grpc_host of one file is another machine',
    make(tree) {
      tree.enableGrpc();
      tree.grpcHost(readers.filter((name) => name !== 'sip_agent'), 'this.example:10080');
      tree.grpcHost('sip_agent', 'other.example:10080');
      return { answers: { probe: async (target) => (target.startsWith('other') ? '' : quiet.probe(target)) } };
    },
    finds: /^error sip_agent\/agent\.toml \[cluster\] grpc_host: names the cluster manager at other\.example:10080, and the 5 other files localhost:10080/,
    advice: /where cluster_manager listens/,
  },
  {
    mistake: 'cluster_manager listens on another port than all files say',
    make(tree) {
      tree.enableGrpc();
      tree.edit('cluster_manager', '[manager]\n', '[manager]\ngrpc_host = "localhost:10081"\n');
      return { answers: { probe: async () => '' } };
    },
    finds: /^error cluster_manager\/cluster_manager\.toml \[manager\] grpc_host: lets the cluster manager listen on port 10081, and the other files name localhost:10080/,
    advice: /the same port/,
  },
  {
    mistake: 'an agent in gRPC mode is half swapped',
    make(tree) {
      tree.enableGrpc();
      tree.write('audio_agent/audio/grpcTools.js', UPSTREAM.grpcTools);
    },
    finds: /^error audio_agent\/audio\/grpcTools\.js: is OWT's own, and its module loads owt-grpc elsewhere: it is half swapped/,
    advice: /owt-grpc swap/,
  },
  {
    mistake: 'a module in gRPC mode was not swapped, which the others understand',
    make(tree) {
      tree.enableGrpc();
      tree.write('portal/grpcTools.js', UPSTREAM.grpcTools);
    },
    finds: /^warn portal\/grpcTools\.js: is OWT's own and talks to others by grpc-js/,
    advice: /owt-grpc swap/,
  },
  {
    mistake: "grpc_host is called host, as in OWT's guide",
    make(tree) {
      tree.enableGrpc();
      tree.edit('portal', '[cluster]\n', '[cluster]\nhost = "localhost:10080"\n');
    },
    finds: /^warn portal\/portal\.toml \[cluster\] host: is not read by anybody/,
    advice: /grpc_host/,
  },
  {
    mistake: "another program has cluster_manager's port",
    make(tree) {
      tree.enableGrpc();
      return { answers: { bindable: async (port) => (port === 10080 ? 'EADDRINUSE' : ''), probe: async (target) => (target === 'localhost:10080' ? 'it does not speak HTTP/2' : quiet.probe(target)) } };
    },
    // Whoever dials it finds that program, too.
    finds: /^error \[cluster\] grpc_host in 3 files: it does not speak HTTP\/2/,
    advice: /another program has that port/,
    others: [/^error cluster_manager\/cluster_manager\.toml \[manager\] grpc_host: port 10080 is taken by another program/],
  },
  {
    mistake: 'OWT_GRPC_ADVERTISE is a name that nobody finds',
    make: () => ({ env: { OWT_GRPC_ADVERTISE: 'owt1.exampel' } }),
    finds: /^error OWT_GRPC_ADVERTISE: owt1\.exampel is not found/,
    advice: /or unset it/,
  },
  {
    mistake: 'OWT_GRPC_ADVERTISE is an address of another machine',
    make: () => ({ env: { OWT_GRPC_ADVERTISE: 'other.example' } }),
    finds: /^warn OWT_GRPC_ADVERTISE: other\.example is no address of this machine/,
    advice: /NAT/,
  },
  {
    mistake: 'OWT_GRPC_ADVERTISE has a port where agents start nodes',
    make: () => ({ env: { OWT_GRPC_ADVERTISE: '10.77.0.1:7000' } }),
    finds: /^error OWT_GRPC_ADVERTISE: names port 7000, which one process can have: analytics_agent starts others/,
    advice: /leave the port out/,
  },
  {
    mistake: 'OWT_GRPC_ADVERTISE is no host and port',
    make: () => ({ env: { OWT_GRPC_ADVERTISE: 'http://10.77.0.1' } }),
    finds: /^error OWT_GRPC_ADVERTISE: OWT_GRPC_ADVERTISE "http:\/\/10\.77\.0\.1" is not host:port/,
    advice: /correct it/,
  },
  {
    mistake: 'the registry is named by the port of the broker',
    make: () => ({ env: { OWT_GRPC_REGISTRY: 'localhost:5672' } }),
    finds: /^warn OWT_GRPC_REGISTRY: names port 5672, which is the broker's/,
    advice: /5680/,
  },
  {
    mistake: 'a variable is misspelt',
    make: () => ({ env: { OWT_GRPC_CLUSTER_SECRETS: 'x' } }),
    finds: /^warn OWT_GRPC_CLUSTER_SECRETS: is set and not known; did you mean OWT_GRPC_CLUSTER_SECRET\?/,
    advice: /correct its name/,
  },
  {
    mistake: 'engine.node is another version than the one that runs',
    make: (tree) => tree.write('package.json', `{ "engine": { "node": "${major + 2}.1.0" } }`),
    finds: /^error package\.json engine\.node: is \d+\.1\.0, and this is Node\.js \S+: bin\/daemon\.sh starts no module$/,
    advice: /set engine\.node to/,
  },
  {
    mistake: "OWT's init-all.sh has copied the store to 12 modules",
    make: (tree) => tree.stores(ALL.filter((name) => !['eventbridge', 'media_bridge', 'quic_agent', 'sample_agent', 'stream_service'].includes(name))),
    finds: /^error \.owt\.authstore in 5 folders: is not there, and 12 other modules have one with RabbitMQ's password/,
    advice: /^for to in eventbridge media_bridge quic_agent sample_agent stream_service; do cp -p \w+\/\.owt\.authstore \$to\/; done$/,
  },
  {
    mistake: 'a store has another password',
    async make(tree) {
      await tree.stores(ALL);
      await tree.stores(['portal'], 'the old one');
    },
    finds: /^error portal\/portal\.toml \[rabbit\]: meets 16 others at 127\.0\.0\.1:5680 and has another secret: here it is RabbitMQ's password in \.owt\.authstore/,
    advice: /RabbitMQ's password in each/,
  },
  {
    mistake: 'stores can be read by all users of the machine',
    skip: process.platform === 'win32' && 'modes are of POSIX',
    async make(tree) {
      await tree.stores(ALL);
      for (const name of ['portal', 'sip_agent']) fs.chmodSync(tree.file(path.join(name, STORE)), 0o644);
    },
    finds: /^warn \.owt\.authstore in 2 folders: can be read or written by others than its owner \(mode 644\).*secret/,
    advice: /^chmod 600 portal\/\.owt\.authstore sip_agent\/\.owt\.authstore$/,
  },
  {
    mistake: 'a store is damaged',
    async make(tree) {
      await tree.stores(ALL);
      fs.writeFileSync(tree.file(`video_agent/${STORE}`), 'no store', { mode: 0o600 });
    },
    finds: /^error video_agent\/\.owt\.authstore: /,
    advice: /owt-grpc auth/,
    // It falls back to the secret of the user.
    others: [/^error video_agent\/agent\.toml \[rabbit\]: meets 16 others .* another secret/],
  },
  {
    mistake: "[rabbit] host is this machine's outer address, and nothing runs there",
    make(tree) {
      tree.edit(ALL, 'host = "localhost"', 'host = "10.77.0.1"');
      return { env: { OWT_GRPC_INSECURE: '1', OWT_GRPC_CLUSTER_SECRET: 'for all' } };
    },
    finds: /^error \[rabbit\] in 17 files: 10\.77\.0\.1 is an address of this machine, where no registry runs, and modules do not become it there/,
    advice: /on a single host write localhost; for several, start `owt-grpc registry --listen 10\.77\.0\.1:5680`/,
    others: [/^warn OWT_GRPC_INSECURE: /],
  },
  {
    mistake: 'no module may become the registry, and none runs',
    async make(tree) {
      tree.edit(ALL, 'port = 5672', `port = ${await freePort()}`);
      return { env: { OWT_GRPC_HOST_REGISTRY: '0' } };
    },
    finds: /^error \[rabbit\] in 17 files: .*refused/,
    advice: /^start `owt-grpc registry --listen 127\.0\.0\.1:\d+`/,
  },
  {
    mistake: 'the registry was started where the store is not',
    async make(tree) {
      await tree.stores(ALL);
      await tree.registry();
      return { answers: network };
    },
    finds: /^error \[rabbit\] in 17 files: the secret of this side is not the other side's/,
    advice: /^start the registry in the folder of a module, where that password is stored/,
  },
  {
    mistake: 'the registry is of another cluster',
    async make(tree) {
      await tree.registry({ cluster: 'another' });
      return { answers: network };
    },
    finds: /^error \[rabbit\] in 17 files: .*this side belongs to the cluster "owt", the other side to "another"/,
    advice: /OWT_GRPC_CLUSTER/,
  },
  {
    mistake: 'a member tells others an address that does not lead to it',
    async make(tree) {
      const registry = await tree.registry();
      const there = await connectBus({ registry, host: false });
      const lost = await connectBus({ registry, host: false, advertise: '127.0.0.2' });
      tree.t.after(() => Promise.all([there.close(), lost.close()]));
      return { answers: network };
    },
    finds: /^error members: 1 of 2 members at 127\.0\.0\.1:\d+ cannot be reached from here: could not reach \S+ at 127\.0\.0\.2:\d+/,
    advice: /OWT_GRPC_ADVERTISE there/,
  },
  {
    mistake: 'a toml file is no toml',
    make: (tree) => tree.edit('portal', '[portal]', '[portal'),
    finds: /^error portal\/portal\.toml: line 2 is no table header/,
    advice: /correct it/,
  },
  {
    mistake: 'TLS is half set',
    make: () => ({ env: { OWT_GRPC_SSL: '1', OWT_GRPC_ROOT_CERT: '/ca.crt' } }),
    finds: /^error OWT_GRPC_SSL: .*OWT_GRPC_CLIENT_KEY are not set/,
    advice: /set all of them/,
    others: [/^warn connections: were not tried/],
  },
  {
    mistake: 'the certificate is not for the address that agents tell',
    skip: !hasOpenssl && 'needs openssl',
    make(tree) {
      const shop = new Workshop(tree.t).good();
      tree.enableGrpc();
      return { env: shop.environment() };
    },
    finds: /^error \[cluster\.worker\] ip in 9 files: others dial 10\.77\.0\.1, and OWT_GRPC_SERVER_CERT \S+ is for DNS:localhost$/,
    advice: /set it to a name that the certificate is for, or make one that is for it, too: `owt-grpc certs \S+ --renew --host localhost --host 10\.77\.0\.1`/,
  },
  {
    mistake: 'the certificate is for an outer address only, and all is on one host',
    skip: !hasOpenssl && 'needs openssl',
    make: (tree) => ({ env: new Workshop(tree.t).good({ san: 'IP:10.77.0.1' }).environment() }),
    finds: /^error \[rabbit\] in 17 files: others dial localhost, and OWT_GRPC_SERVER_CERT \S+ is for IP Address:10\.77\.0\.1$/,
    advice: /owt-grpc certs \S+ --renew --host 10\.77\.0\.1 --host localhost/,
  },
  {
    mistake: 'the store that certs has made was not copied to the modules',
    skip: !hasOpenssl && 'needs openssl',
    async make(tree) {
      const folder = tree.file('certificates');
      const { stdout } = await owtGrpc(tree.t, ['certs', folder]);
      return { env: Object.fromEntries([...stdout.matchAll(/^export (\w+)='?([^'\n]*)'?$/gm)].map(([, name, value]) => [name, value])) };
    },
    finds: /^error \.owt\.authstore in 17 folders: is not there: the keys of TLS are encrypted/,
    advice: /^for to in analytics_agent .* webrtc_agent; do cp -p \S*\/certificates\/\.owt\.authstore \$to\/; done$/,
    others: [/^warn connections: were not tried/],
  },
];

const line = (finding) => `${finding.level} ${settingOf(finding)}: ${finding.text}`;
const isBad = ({ level }) => level === 'error' || level === 'warn';

for (const { mistake, make, finds, advice, others = [], skip = false } of MISTAKES) {
  test(`${mistake}: that is what is found`, { skip, timeout: 60_000 }, async (t) => {
    const tree = new Tree(t);
    const how = await make(tree);
    const [first, ...rest] = (await findings(tree.root, how ?? {})).filter(isBad);
    assert.ok(first, 'nothing is found');
    assert.match(line(first), finds);
    assert.match(first.advice, advice);
    assert.equal(rest.length, others.length, rest.map(line).join('\n'));
    rest.forEach((finding, at) => assert.match(line(finding), others[at]));
  });
}

test('there are 25 mistakes at least, and each is one of its own', () => {
  assert.ok(MISTAKES.length >= 25);
  assert.equal(new Set(MISTAKES.map(({ finds }) => String(finds))).size, MISTAKES.length);
});

test('where no mistake was made nothing is found: that nothing is started yet is a note', async (t) => {
  const bus = await findings(new Tree(t).root);
  assert.deepEqual(bus.filter(isBad), []);
  assert.match(line(bus[0]), /^note \[rabbit\] in 17 files: nobody is at 127\.0\.0\.1:5680 yet \(port 5672 is the broker's.*\): the first module that starts becomes the registry/);
  const tree = new Tree(t);
  tree.enableGrpc();
  const grpc = await findings(tree.root);
  assert.deepEqual(grpc.filter(isBad), []);
  const notes = grpc.filter(({ level }) => level === 'note').map(line);
  for (const pattern of [/ip in 9 files: is not set: others are told .* 10\.77\.0\.1$/, /grpc_host in 3 files: nobody is at localhost:10080 yet/, /\[rabbit\] in 4 files: nobody/, /^note 4 files: has no gRPC mode/]) assert.ok(notes.some((note) => pattern.test(note)), `${pattern}: ${notes.join('\n')}`);
});

test('modules without gRPC mode that stay on RabbitMQ beside those in gRPC mode are a note, not a warning', async (t) => {
  const tree = new Tree(t);
  tree.enableGrpc();
  for (const name of ALL) tree.write(`${name}/amqpClient.js`, UPSTREAM.amqpClient);
  const found = await findings(tree.root);
  assert.deepEqual(found.filter(isBad), []);
  assert.match(line(found[0]), /^note amqpClient\.js in 4 folders: is OWT's own: a module that has no gRPC mode stays on RabbitMQ/);
});

test('modules that were packed as binaries are not told to do what they cannot', async (t) => {
  const tree = new Tree(t);
  tree.enableGrpc();
  for (const name of ALL) for (const surface of ['amqpClient', 'grpcTools']) for (const inner of ['', name.slice(0, -6)]) fs.rmSync(tree.file(path.join(name, inner, `${surface}.js`)), { force: true });
  assert.deepEqual((await findings(tree.root)).filter(isBad), []);
});

test('all is well where a registry and members run', { timeout: 60_000 }, async (t) => {
  const tree = new Tree(t);
  await tree.stores(ALL);
  tree.edit(ALL, '[rabbit]\n', '[rabbit]\nvhost = "owt-next"\n');
  const cluster = { secret: 'of RabbitMQ', cluster: 'owt-next' };
  const registry = await tree.registry(cluster);
  const bus = await connectBus({ registry, host: false, ...cluster });
  t.after(() => bus.close());
  const found = await findings(tree.root, { answers: network });
  assert.deepEqual(found.filter(isBad), []);
  assert.ok(found.some((finding) => /^ok \[rabbit\] in 17 files: a registry of the bus answers at .*, with 1 member$/.test(line(finding))), found.map(line).join('\n'));
});

test('the command: the worst first, files as a list that is cut, exit code 1; 0 where there are warnings only', { timeout: 60_000 }, async (t) => {
  const tree = new Tree(t);
  tree.edit(ALL, 'port = 5672', `port = ${await freePort()}`);
  for (const name of AGENTS) tree.write(`${name}/amqpClient.js`, `${UPSTREAM.amqpClient}// ours\n`);
  const bad = await owtGrpc(t, ['doctor', tree.root]);
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /^error {2}amqpClient\.js in 9 folders: does not load owt-grpc.*\n {7}in: analytics_agent, .* and 1 more\n {7}do: `owt-grpc swap .*\n/);
  const json = JSON.parse((await owtGrpc(t, ['doctor', tree.root, '--json'])).stdout);
  assert.deepEqual(json.findings[0].places, [...AGENTS].sort());
  const other = new Tree(t);
  other.edit(ALL, 'port = 5672', `port = ${await freePort()}`);
  const { code, stdout } = await owtGrpc(t, ['doctor', other.root], { env: { OWT_GRPC_LOG: 'x' } });
  assert.equal(code, 0);
  assert.match(stdout, /\n0 errors, 1 warning, \d+ notes?, \d+ ok\n$/);
});

test('the command: a store of another user says what the system says', { timeout: 60_000, skip: needsRoot }, async (t) => {
  const tree = new Tree(t);
  tree.edit(ALL, 'port = 5672', `port = ${await freePort()}`);
  await tree.stores(ALL);
  for (const name of ['', ...ALL]) fs.chmodSync(tree.file(name), 0o755);
  const { stdout } = await owtGrpc(t, ['doctor', tree.root], { env: as(STRANGER, { TMPDIR: sharedFolder(t) }) });
  assert.match(stdout, /^error {2}\.owt\.authstore in 17 folders: cannot be read \(EACCES\)/m);
});

test('the command: a Node.js that is too old is told so, and nothing else', async (t) => {
  const tree = new Tree(t);
  tree.write('old.js', "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '12.22.12' } });\n");
  const { code, stdout, stderr } = await owtGrpc(t, ['doctor', tree.root], { env: { NODE_OPTIONS: `--require=${tree.file('old.js')}` } });
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^owt-grpc needs Node\.js 14\.18 or a later 14, or 16 or newer; this is Node\.js 12\.22\.12 /);
});
