'use strict';

// What `require` costs, in fresh processes that take turns: `node bench/require-time.js`.

const { execFileSync } = require('node:child_process');
const path = require('node:path');

const ROUNDS = 15;

/** What each has to load, and has loaded, when the first call can be made. */
const VARIANTS = {
  'owt-grpc': "require('owt-grpc')",
  'owt-grpc with its codec and addon': "require('owt-grpc').createClient('webrtc', 'localhost:1')",
  '@grpc/grpc-js and @grpc/proto-loader': "require('@grpc/grpc-js'); require('@grpc/proto-loader')",
  '@grpc/grpc-js with the proto file loaded':
    "const g = require('@grpc/grpc-js'); const d = require('@grpc/proto-loader').loadSync('proto/owt/webrtc_agent.proto', " +
    "{ keepCase: true, longs: String, enums: String, defaults: true, oneofs: true, includeDirs: ['proto/owt'] }); " +
    "new (g.loadPackageDefinition(d).owt.WebRTCAgent)('localhost:1', g.credentials.createInsecure())",
};

function millis(script) {
  const timed = `const { performance } = require('perf_hooks'); const started = performance.now(); ${script}; console.log(performance.now() - started); process.exit(0);`;
  return Number(execFileSync(process.execPath, ['-e', timed], { cwd: path.join(__dirname, '..') }));
}

const samples = Object.fromEntries(Object.keys(VARIANTS).map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, script] of Object.entries(VARIANTS)) samples[name].push(millis(script));
}
for (const [name, taken] of Object.entries(samples)) {
  console.log(`${name}: ${taken.sort((a, b) => a - b)[ROUNDS >> 1].toFixed(1)} ms`);
}
