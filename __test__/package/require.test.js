'use strict';

const assert = require('node:assert').strict;
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const root = path.join(__dirname, '../..');

/** Runs a script in a fresh process of this folder; gives what it prints as JSON. */
function run(script, ...flags) {
  const output = execFileSync(process.execPath, [...flags, '-e', script], { cwd: root, encoding: 'utf8' });
  return JSON.parse(output);
}

test('require starts no thread, opens nothing and loads no addon', { skip: process.platform !== 'linux' }, () => {
  const { before, after, maps } = run(`
    const fs = require('node:fs');
    const look = () => ({
      threads: fs.readdirSync('/proc/self/task').length,
      files: fs.readdirSync('/proc/self/fd').map((fd) => { try { return fs.readlinkSync('/proc/self/fd/' + fd); } catch { return ''; } }).filter((to) => to.startsWith('socket:')).length,
      resources: process._getActiveHandles().length,
    });
    const before = look();
    require('owt-grpc');
    require('owt-grpc/grpcTools');
    const after = look();
    const maps = fs.readFileSync('/proc/self/maps', 'utf8').includes('owt-grpc.');
    console.log(JSON.stringify({ before, after, maps }));`);
  assert.deepEqual(after, before);
  assert.equal(maps, false);
});

test('require loads no codec and no standard service', () => {
  const loaded = run(`
    require('owt-grpc');
    require('owt-grpc/grpcTools');
    console.log(JSON.stringify(Object.keys(require.cache).filter((name) => /lib.(services|codec)[^-]/.test(name))));`);
  assert.deepEqual(loaded, []);
});

test('the package gives the same names as CommonJS, as ESM and in its types', () => {
  const commonjs = run("console.log(JSON.stringify(Object.keys(require('owt-grpc')).sort()))");
  const esm = run("const all = await import('owt-grpc'); console.log(JSON.stringify(Object.keys(all).filter((name) => name !== 'default').sort()))", '--input-type=module');
  assert.deepEqual(esm, commonjs);
  const types = fs.readFileSync(path.join(root, 'index.d.ts'), 'utf8');
  for (const name of commonjs) assert.match(types, new RegExp(`export declare (class|const|function) ${name}\\b`), name);
});

test('grpcTools is required by its own name and has what OWT\'s helper has', () => {
  const names = run("console.log(JSON.stringify(Object.keys(require('owt-grpc/grpcTools'))))");
  for (const name of ['startServer', 'startClient', 'packOption', 'unpackOption', 'packNotification', 'unpackNotification']) {
    assert.ok(names.includes(name), name);
  }
});
