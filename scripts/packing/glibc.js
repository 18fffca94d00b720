'use strict';

// Which glibc a Linux addon needs: the newest version among those that its ELF
// file asks of the libraries that it is linked with (section .gnu.version_r).
// The loader refuses the file where one of them is missing, so this is what the
// file says, whatever it was meant to be built for. Only bytes go in.

/** The oldest glibc that packages are for: that of CentOS 7. */
const OLDEST = '2.17';

class ElfError extends Error {
  /** @param {string} what is wrong with the file */
  constructor(what) {
    super(`no ELF file that can be read: ${what}`);
    this.name = 'ElfError';
  }
}

const SHT_GNU_VERNEED = 0x6ffffffe;
/** A section header of ELF64. */
const SECTION_BYTES = 64;
/** An entry for a library, and one for a version that is asked of it. */
const ENTRY_BYTES = 16;
/** Libraries have some dozens; more than these are chains that run into each other in a damaged file. */
const MOST_VERSIONS = 4096;

/**
 * The bytes of a piece of the file, which must be all there.
 *
 * @param {Buffer} bytes @param {number} start @param {number} length @param {string} what
 */
function piece(bytes, start, length, what) {
  if (start + length > bytes.length) throw new ElfError(`${what} is said to lie beyond its end`);
  return bytes.subarray(start, start + length);
}

/** @param {Buffer} bytes @param {number} at @param {string} what @returns {number} */
function long(bytes, at, what) {
  const value = bytes.readBigUInt64LE(at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new ElfError(`${what} is said to lie beyond its end`);
  return Number(value);
}

/** @param {Buffer} bytes the file @returns {{ type: number, link: number, content: () => Buffer }[]} */
function sectionsOf(bytes) {
  const header = piece(bytes, 0, 64, 'its header');
  if (header.readUInt32BE(0) !== 0x7f454c46) throw new ElfError('it does not begin as one');
  if (header[4] !== 2 || header[5] !== 1) throw new ElfError('it is not for a 64-bit little-endian processor');
  if (header.readUInt16LE(0x3a) !== SECTION_BYTES) throw new ElfError('its sections are of an unknown kind');
  const count = header.readUInt16LE(0x3c);
  const table = piece(bytes, long(header, 0x28, 'its list of sections'), count * SECTION_BYTES, 'its list of sections');
  return Array.from({ length: count }, (_none, n) => {
    const one = table.subarray(n * SECTION_BYTES, (n + 1) * SECTION_BYTES);
    const content = () => piece(bytes, long(one, 0x18, 'a section'), long(one, 0x20, 'a section'), 'a section');
    return { type: one.readUInt32LE(4), link: one.readUInt32LE(0x28), content };
  });
}

/**
 * Entries that follow each other, each of which says how far it is to the next,
 * 0 in the last. Steps go forward only, so that each chain has an end.
 *
 * @param {Buffer} section @param {number} first @param {number} nextAt where in an entry the step stands
 */
function* chain(section, first, nextAt) {
  for (let at = first, step = -1; step !== 0; at += step) {
    const entry = piece(section, at, ENTRY_BYTES, 'a version that it needs');
    yield { at, entry };
    step = entry.readUInt32LE(nextAt);
  }
}

/** @param {Buffer} names @param {number} at @returns {string} */
function nameAt(names, at) {
  const end = names.indexOf(0, at);
  if (at >= names.length || end < 0) throw new ElfError('the name of a version that it needs is said to lie beyond its end');
  return names.toString('latin1', at, end);
}

/** @param {Buffer} bytes an ELF file @returns {string[]} such as GLIBC_2.17, of all libraries */
function versionsNeeded(bytes) {
  const sections = sectionsOf(bytes);
  const needs = sections.find(({ type }) => type === SHT_GNU_VERNEED);
  if (needs === undefined) return [];
  if (needs.link >= sections.length) throw new ElfError('the names of the versions that it needs are missing');
  const names = sections[needs.link].content();
  const section = needs.content();
  const found = [];
  for (const library of chain(section, 0, 12)) {
    for (const { entry } of chain(section, library.at + library.entry.readUInt32LE(8), 12)) {
      found.push(nameAt(names, entry.readUInt32LE(8)));
      if (found.length > MOST_VERSIONS) throw new ElfError('it needs more versions than any library has');
    }
  }
  return found;
}

/** @param {string} one such as 2.17 @param {string} other @returns {boolean} whether `one` is newer */
function isNewer(one, other) {
  const [a, b] = [one, other].map((version) => version.split('.').map(Number));
  const differs = [0, 1, 2].find((n) => (a[n] || 0) !== (b[n] || 0));
  return differs !== undefined && (a[differs] || 0) > (b[differs] || 0);
}

/**
 * @param {Buffer} bytes an ELF file
 * @returns {string | null} the oldest glibc that it loads with, such as 2.17; null if it asks for none, as with musl
 * @throws {ElfError} if it is none, or damaged
 */
function glibcOf(bytes) {
  const versions = versionsNeeded(bytes).map((name) => (/^GLIBC_(\d+(?:\.\d+){1,2})$/.exec(name) || [])[1]);
  return versions.reduce((newest, version) => (version !== undefined && (newest === null || isNewer(version, newest)) ? version : newest), /** @type {string | null} */ (null));
}

module.exports = { ElfError, OLDEST, glibcOf, isNewer };
