'use strict';

// What is read from an ELF file decides whether a package is refused.

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { addon } = require('../../lib/crossing/platform');
const { ElfError, glibcOf, isNewer } = require('../../scripts/packing/glibc');

const linux = { skip: process.platform !== 'linux' && 'reads files of Linux' };
const built = path.join(__dirname, '../..', addon());

/** A small ELF file of two libraries, of which the second is asked for these versions. */
function elf(versions) {
  const names = Buffer.from(['', 'libother.so.1', 'OTHER_9.9', 'libc.so.6', ...versions].map((name) => `${name}\0`).join(''));
  const at = (name) => names.indexOf(`${name}\0`);
  const entry = (count, name, first, next) => {
    const one = Buffer.alloc(16);
    one.writeUInt16LE(count, 2);
    one.writeUInt32LE(name, 8);
    if (first > 0) one.writeUInt32LE(first, 8);
    one.writeUInt32LE(next, 12);
    return one;
  };
  const last = (n) => (n === versions.length - 1 ? 0 : 16);
  const needs = Buffer.concat([
    entry(1, 0, 16, 32), entry(0, at('OTHER_9.9'), 0, 0),
    entry(versions.length, 0, 16, 0), ...versions.map((name, n) => entry(0, at(name), 0, last(n))),
  ]);
  const sections = [[0, 0, Buffer.alloc(0)], [0x6ffffffe, 2, needs], [3, 0, names]];
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01', 0, 'latin1');
  const start = header.length + needs.length + names.length;
  header.writeBigUInt64LE(BigInt(start), 0x28);
  header.writeUInt16LE(64, 0x3a);
  header.writeUInt16LE(sections.length, 0x3c);
  let offset = header.length;
  const table = sections.map(([type, link, content]) => {
    const one = Buffer.alloc(64);
    one.writeUInt32LE(type, 4);
    one.writeUInt32LE(link, 0x28);
    one.writeBigUInt64LE(BigInt(offset), 0x18);
    one.writeBigUInt64LE(BigInt(content.length), 0x20);
    offset += content.length;
    return one;
  });
  return Buffer.concat([header, needs, names, ...table]);
}

/** What is said of a file: a version or null, or that it cannot be read. Anything else is a mistake. */
function verdict(bytes) {
  try {
    return glibcOf(bytes);
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    return error.message;
  }
}

test('the newest glibc that a file asks for is what it needs, by number and not by letter', () => {
  assert.equal(glibcOf(elf(['GLIBC_2.9', 'GLIBC_2.17', 'GLIBC_2.2.5'])), '2.17');
  assert.equal(glibcOf(elf(['GLIBC_2.2.5', 'GLIBC_2.34', 'GLIBC_2.4'])), '2.34');
  assert.equal(glibcOf(elf(['GLIBC_3.0', 'GLIBC_2.40'])), '3.0');
});

test('what other libraries and what is private are not taken for it', () => {
  assert.equal(glibcOf(elf(['GLIBC_PRIVATE', 'GLIBCXX_3.4.30', 'GLIBC_2.3.4'])), '2.3.4');
  assert.equal(glibcOf(elf(['GCC_4.2.0'])), null);
});

test('the addon that is here and Node.js itself need what is written in them', linux, () => {
  for (const file of [built, process.execPath]) {
    const bytes = fs.readFileSync(file);
    // Versions stand in a file as plain text, too; text may be there for other reasons, but not the newest one.
    const [, ...texts] = bytes.toString('latin1').split('\0GLIBC_').map((text) => text.split('\0', 1)[0]);
    const newest = texts.filter((text) => /^[\d.]+$/.test(text)).reduce((one, other) => (isNewer(other, one) ? other : one), '0');
    assert.equal(glibcOf(bytes) || '0', newest, file);
  }
});

test('what is no ELF file of such a processor is named as that', () => {
  assert.throws(() => glibcOf(Buffer.alloc(0)), /^ElfError: no ELF file that can be read: its header is said to lie beyond its end$/);
  assert.throws(() => glibcOf(Buffer.alloc(100, 'no library ')), /does not begin as one/);
  const of32 = elf(['GLIBC_2.17']);
  of32[4] = 1;
  assert.throws(() => glibcOf(of32), /64-bit little-endian/);
});

test('a file that was cut off anywhere is refused, not read as one that needs less', () => {
  const whole = elf(['GLIBC_2.2.5', 'GLIBC_2.34']);
  for (let length = 0; length < whole.length; length++) assert.match(verdict(whole.subarray(0, length)), /no ELF file that can be read/, `${length} bytes`);
});

test('whatever is changed in a file, the answer is a version or an ElfError', () => {
  const whole = elf(['GLIBC_2.2.5', 'GLIBC_2.34']);
  for (let at = 0; at < whole.length; at++) {
    for (const value of [0, 1, 16, 0x7f, 0x80, 0xff]) {
      const changed = Buffer.from(whole);
      changed[at] = value;
      verdict(changed);
    }
  }
});

test('chains of entries that run into each other come to an end', () => {
  const file = elf(Array.from({ length: 3000 }, (_none, n) => `GLIBC_2.${n}`));
  // The first library's versions lead into those of the second.
  file.writeUInt32LE(32, 64 + 16 + 12);
  assert.match(verdict(file), /more versions than any library has/);
});

test('the addon that is here, damaged, is a version or an ElfError', linux, () => {
  const whole = fs.readFileSync(built);
  const start = Number(whole.readBigUInt64LE(0x28));
  for (let at = start; at < whole.length; at += 4) {
    const kept = whole.readUInt32LE(Math.min(at, whole.length - 4));
    whole.writeUInt32LE(0xffffffff, Math.min(at, whole.length - 4));
    verdict(whole);
    whole.writeUInt32LE(kept, Math.min(at, whole.length - 4));
  }
  assert.match(verdict(whole.subarray(0, whole.length / 2)), /no ELF file that can be read/);
});
