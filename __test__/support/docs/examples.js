'use strict';

// What examples/*.js print when they work. They run in this folder and, in
// install.js, from the installed package.

const assert = require('node:assert').strict;
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { freePort } = require('../bus');
const { blocksOf, expectedOutput } = require('./markdown');

const folder = path.join(__dirname, '../../../examples');

/** Lines that each prints, in any order: two sides print. */
const PRINTS = {
  'hello.js': ['publication of p1', 'null p1 is gone', '3 INVALID_ARGUMENT: type is missing'],
  'streams.js': ['first: notification 0', 'read 50, made less than all: true', 'token a: "room1"', 'token b: ""'],
  'cancel.js': [
    'server: "too slow" is not wanted any more',
    'client: 4 DEADLINE_EXCEEDED',
    'server: "cancelled" is not wanted any more',
    'client: 1 CANCELLED',
  ],
  'bus.js': ['1 + 2 = 3', 'HANDLER division by zero', 'UNKNOWN_ID', 'room1.joined alice', 'room1.left.early alice'],
  'amqpclient.js': ['stream1 is published undefined', 'timeout'],
  'opentelemetry.js': ['room of alice', 'rooms.roomOf in owt.WebRTCAgent/Publish', 'owt.WebRTCAgent/Publish in join', 'join in nothing', 'traces: 1'],
  'iteration.js': [
    'client: update 2',
    'server: first ended, aborted: true',
    'client: 1 CANCELLED',
    'server: second ended, aborted: true',
  ],
  'log4js.js': ['INFO OwtGrpc - owt-grpc: bus: joined as ', 'WARN OwtGrpc - owt-grpc: recorder.save failed: Error: the disk is full', 'pong'],
  'tls.js': [
    'with a certificate: publication of p1',
    'without one: 14 UNAVAILABLE: No connection established to localhost:',
    'without TLS: 14 UNAVAILABLE: No connection established to localhost:',
  ],
  'grpctools.js': ['null v1 for conference', 'onVideoLayoutChange room1 common'],
};

/** What examples/typescript prints. */
const TYPED = ['webrtc publication of p1', 'first of me', 'second of me', '12 The server does not implement the method', '1 + 2 = 3', 'UNKNOWN_ID'];

const names = fs.readdirSync(folder).filter((file) => file.endsWith('.js'));

/** Runs a file that is an example, wherever it lies and with any Node.js, and judges it. */
async function runs(t, file, lines, { env = process.env, node = process.execPath } = {}) {
  const child = spawn(node, [file], { cwd: path.dirname(file), env: { ...env, OWT_GRPC_REGISTRY: `127.0.0.1:${await freePort()}` } });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  const [code] = await once(child, 'close');
  assert.equal(code, 0, output);
  for (const line of lines) assert.ok(`\n${output}`.includes(`\n${line}`), `${line} is not in ${output}`);
}

/** The README's programs and the lines that each prints, by the package's entry or function that it is about. */
function readmePrograms() {
  const blocks = blocksOf('README.md');
  return blocks.filter(({ how }) => how === 'program').map((block) => {
    const [, name] = /(?:require\('owt-grpc\/(?=\w)|\{ )([^'}]*?)(?:'\)| \})/.exec(block.text);
    return { name, script: block.text, lines: expectedOutput(block).trimEnd().split('\n') };
  });
}

/** That of the gRPC API. */
const readmeExample = () => readmePrograms().find(({ name }) => name.includes('createClient'));

module.exports = { PRINTS, TYPED, folder, names, runs, readmeExample, readmePrograms };
