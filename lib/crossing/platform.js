'use strict';

// Where the native addon lies: what cargo names it, what we load, and which
// package brings it ready-made.

const fs = require('node:fs');

/** @type {Record<string, (name: string) => string>} */
const names = {
  linux: (name) => `lib${name}.so`,
  darwin: (name) => `lib${name}.dylib`,
  win32: (name) => `${name}.dll`,
};

/** @param {string} [platform] as in process.platform @returns {string} the file that cargo makes, relative to target/release */
function built(platform = process.platform) {
  return (names[platform] ?? names.linux)('owt_grpc');
}

/**
 * The C library of a Linux process. An addon made for one does not load with
 * the other.
 *
 * @param {() => string} readMaps the files that the process has mapped
 * @returns {'glibc' | 'musl'}
 */
function libcOf(readMaps) {
  try {
    const maps = readMaps();
    if (maps.includes('/ld-musl-')) return 'musl';
    if (maps.includes('/libc.so.6') || maps.includes('/libc-2.')) return 'glibc';
  } catch (_cause) {
    // No /proc: the report below knows as well. It comes second because before
    // Node.js 22 it looks up the name of every connected peer, which can take long.
  }
  try {
    /** @type {any} */
    const report = process.report.getReport();
    return report.header.glibcVersionRuntime ? 'glibc' : 'musl';
  } catch (_cause) {
    // Deno, which is made for glibc alone, has to be permitted either.
    return 'glibc';
  }
}

/** @returns {{ platform: string, arch: string, libc?: string, name: string }} this process, and its name among npm/ */
function target() {
  const { platform, arch } = process;
  if (platform === 'win32') return { platform, arch, name: `win32-${arch}-msvc` };
  if (platform !== 'linux') return { platform, arch, name: `${platform}-${arch}` };
  const libc = libcOf(() => fs.readFileSync('/proc/self/maps', 'utf8'));
  return { platform, arch, libc, name: `linux-${arch}-${libc === 'glibc' ? 'gnu' : libc}` };
}

/** @param {string} [name] a folder of npm/ @returns {string} the file that is loaded, relative to its package */
function addon(name = target().name) {
  return `owt-grpc.${name}.node`;
}

/** @param {string} name a folder of npm/ @returns {string} the npm package with its addon */
function platformPackage(name) {
  return `owt-grpc-${name}`;
}

module.exports = { built, libcOf, target, addon, platformPackage };
