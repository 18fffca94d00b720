'use strict';

// Processes on a kernel 3.10, as far as they can tell: old-kernel.c, compiled here.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const RELEASE = /^3\.10\./;

/**
 * The library that makes a kernel old, or why there can be none here.
 *
 * @returns {{ file: string, missing: false } | { file: null, missing: string }}
 */
function compiled() {
  const here = `${process.platform} ${process.arch}`;
  if (here !== 'linux x64') return { file: null, missing: `system calls are numbered by their age on Linux x64 only, and this is ${here}` };
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-kernel-'));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'old-kernel.so');
  const cc = spawnSync('cc', ['-shared', '-fPIC', '-Wall', '-Werror', '-o', file, path.join(__dirname, 'old-kernel.c')], { encoding: 'utf8' });
  if (cc.error) return { file: null, missing: 'there is no C compiler (cc)' };
  if (cc.status !== 0) return { file: null, missing: `cc cannot compile old-kernel.c: ${cc.stderr}` };
  const probe = spawnSync('uname', ['-r'], { encoding: 'utf8', env: { ...process.env, LD_PRELOAD: file } });
  if (!RELEASE.test(probe.stdout)) return { file: null, missing: `processes cannot be filtered here: ${probe.stderr}` };
  return { file, missing: false };
}

/**
 * A command that runs another one on an old kernel, from its first system call
 * on: the shell has the filter before it becomes the other.
 *
 * @param {string} file the library
 */
const onOldKernel = (file) => ['/usr/bin/env', `LD_PRELOAD=${file}`, '/bin/sh', '-c', 'exec "$0" "$@"'];

module.exports = { RELEASE, compiled, onOldKernel };
