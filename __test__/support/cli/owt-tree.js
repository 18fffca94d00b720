'use strict';

// Trees like those of OWT, with files of our own, and what is in a tree.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { VERSIONS, sha256, shim } = require('../../../lib/cli/swap/known');
const { version } = require('../../../package.json');

const UPSTREAM = {
  amqpClient: "'use strict';\nmodule.exports = () => ({ is: 'the amqp client' });\n",
  grpcTools: "'use strict';\nmodule.exports = { is: 'the grpc tools' };\n",
};

/** What is here counts as a version of OWT's; also preloaded by commands (see `preload`). */
for (const [surface, text] of Object.entries(UPSTREAM)) VERSIONS[surface].push(sha256(Buffer.from(text)));
const preload = ['--require', __filename];

/** By folder of an installation: its toml, and the section of the switch. */
const MODULES = {
  cluster_manager: ['cluster_manager.toml', 'manager'],
  management_api: ['management_api.toml', 'server'],
  portal: ['portal.toml', 'portal'],
  sip_portal: ['sip_portal.toml', 'sip_portal'],
  ...Object.fromEntries(['webrtc', 'audio', 'video', 'conference', 'analytics', 'recording', 'streaming', 'quic', 'sip'].map((purpose) => [`${purpose}_agent`, ['agent.toml', 'agent']])),
};

/** Those that have no gRPC mode: their toml, and its first section. */
const BUS_ONLY = {
  eventbridge: ['agent.toml', 'agent'], media_bridge: ['agent.toml', 'agent'], sample_agent: ['agent.toml', 'agent'], stream_service: ['service.toml', 'service'],
};

function tempFolder(t) {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-swap-')));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @param {Record<string, string>} files by path */
function write(root, files) {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
}

const packageJson = (name) => `{\n  "name": "${name}",\n  "version":"5.1.0",\n  "dependencies": {\n    "amqplib": "^0.7.0",\n    "toml": "*"\n  }\n}\n`;

const toml = (section) => `# of a module
[${section}]
port = 8080 # where it listens

# gRPC instead of a broker
#enable_grpc = true
${section === 'manager' ? '' : '\n[cluster]\nname = "owt-cluster"\n'}
# a broker
[rabbit]
host = "localhost" #default: "localhost"
port = 5672`;

/** As pack.js leaves it: a folder for each module. */
function installation(t, names = Object.keys(MODULES)) {
  const root = tempFolder(t);
  write(root, { 'package.json': '{ "name": "OWT", "engine": { "node": "14.18.1" } }\n', 'bin/daemon.sh': '#!/bin/sh\n' });
  for (const name of names) {
    const [file, section] = MODULES[name];
    write(path.join(root, name), {
      'index.js': '', 'package.json': packageJson(name), [file]: toml(section),
      'amqpClient.js': UPSTREAM.amqpClient, 'grpcTools.js': UPSTREAM.grpcTools,
      'node_modules/other/amqpClient.js': 'not ours',
    });
    if (name.endsWith('_agent')) write(root, { [`${name}/${name.slice(0, -6)}/grpcTools.js`]: UPSTREAM.grpcTools });
  }
  return root;
}

/** All of OWT's modules, swapped, in an installation that finds owt-grpc and runs on this Node.js. */
function swappedInstallation(t) {
  const root = installation(t);
  for (const [name, [file, section]] of Object.entries(BUS_ONLY)) {
    write(path.join(root, name), { 'index.js': '', 'package.json': packageJson(name), [file]: toml(section), 'amqpClient.js': '' });
  }
  // OWT packs it there, too, and never uses it.
  write(root, { 'stream_service/grpcTools.js': '' });
  for (const name of [...Object.keys(MODULES), ...Object.keys(BUS_ONLY)]) {
    for (const surface of ['amqpClient', 'grpcTools']) {
      for (const file of [`${name}/${surface}.js`, `${name}/${name.slice(0, -6)}/${surface}.js`]) {
        if (fs.existsSync(path.join(root, file))) fs.writeFileSync(path.join(root, file), shim(surface));
      }
    }
  }
  write(root, {
    'package.json': JSON.stringify({ name: 'OWT', engine: { node: process.versions.node } }),
    'node_modules/owt-grpc/package.json': JSON.stringify({ name: 'owt-grpc', version }),
  });
  return root;
}

/** As git has it: modules list the shared files in their dist.json. */
function checkout(t) {
  const root = tempFolder(t);
  const rules = (name, packageFile, tomlFile, up) => JSON.stringify({
    name, dest: name,
    common: {
      package: packageFile,
      files: [tomlFile, `${up}/common/amqpClient.js`, `${up}/common/cipher.js`, `${up}/common/grpcTools.js`],
      folders: { inner: ['index.js', `${up}/common/grpcTools.js`] },
    },
  });
  write(root, {
    'source/common/amqpClient.js': UPSTREAM.amqpClient,
    'source/common/grpcTools.js': UPSTREAM.grpcTools,
    'source/portal/dist.json': rules('portal', 'package.json', 'portal.toml', '..'),
    'source/portal/package.json': packageJson('portal'),
    'source/portal/portal.toml': toml('portal'),
    'source/agent/package.json': packageJson('agent'),
    'source/agent/audio/dist.json': rules('audio-agent', '../package.json', 'agent.toml', '../..'),
    'source/agent/audio/agent.toml': toml('agent'),
    'source/agent/video/dist.json': rules('video-agent', '../package.json', 'agent.toml', '../..'),
    'source/agent/video/agent.toml': toml('agent'),
    'source/agent/bridge/dist.json': JSON.stringify({ name: 'bridge', common: { package: 'package.json', files: ['agent.toml', '../../common/amqpClient.js'] } }),
    'source/agent/bridge/package.json': packageJson('bridge'),
    'source/agent/bridge/agent.toml': toml('agent'),
    'source/console/dist.json': JSON.stringify({ name: 'console', common: { package: 'package.json', files: ['./*'] } }),
    'source/console/package.json': packageJson('console'),
  });
  return root;
}

/** Everything in a tree: kinds, modes, contents. A link is not followed, which `recursive` does on some versions of Node.js. */
function snapshot(root, skip = []) {
  /** @type {Record<string, string>} */
  const all = {};
  const look = (folder) => {
    for (const one of fs.readdirSync(path.join(root, folder))) {
      const name = path.join(folder, one);
      if (skip.includes(name)) continue;
      const file = path.join(root, name);
      const stat = fs.lstatSync(file);
      const content = stat.isSymbolicLink() ? fs.readlinkSync(file) : stat.isFile() ? fs.readFileSync(file, 'latin1') : '';
      all[name] = `${stat.isSymbolicLink() ? 'link' : stat.mode.toString(8)} ${content}`;
      if (stat.isDirectory()) look(name);
    }
  };
  look('');
  return all;
}

module.exports = { BUS_ONLY, MODULES, UPSTREAM, checkout, installation, packageJson, preload, snapshot, swappedInstallation, tempFolder, write };
