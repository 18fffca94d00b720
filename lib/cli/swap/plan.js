'use strict';

// What a swap would change, and why it cannot, without changing anything.

const fs = require('node:fs');
const path = require('node:path');
const { codeOf } = require('../../common/errors');
const { specification } = require('../support/version');
const { dependenciesOn } = require('./dependencies');
const { TEMPORARY, fingerprint, stateOf } = require('./disk');
const { find } = require('./find');
const { readJournal } = require('./journal');
const { isKnown, isShim, shim } = require('./known');
const { PackageJsonError, addDependency } = require('./package-json');
const { resolves } = require('./resolves');
const { TomlError, setValue } = require('../owt/edit-toml');
const { SETTINGS_FILES } = require('../owt/settings-files');

/** @typedef {import('./disk').State} State @typedef {import('./known').Surface} Surface @typedef {import('./find').Module} Module */

/**
 * @typedef {object} Options
 * @property {Surface[]} surfaces to be replaced
 * @property {string | null} dependency what package.json asks for; null: this package, where it is not found already
 * @property {boolean} enableGrpc
 * @property {string | null} grpcHost host:port
 * @property {string | null} clusterIp host name or address of the agents' machine
 * @property {boolean} force
 */

/**
 * `isRebased`: what is there now is the original, not what a journal recorded.
 *
 * @typedef {{ file: string, module: string, before: State, after: Buffer, mode: number, isRebased: boolean }} Change
 */

/**
 * @typedef {object} Plan
 * @property {import('./find').Found} found
 * @property {Change[]} changes
 * @property {string[]} problems each a reason to change nothing
 * @property {string[]} notes
 * @property {boolean} isResumed an earlier run was cut off
 * @property {string[]} again files that were swapped, and are OWT's own once more
 */

/**
 * @param {string} root
 * @param {Options} options
 * @returns {Plan}
 */
function makePlan(root, options) {
  return new Planner(root, options).plan();
}

class Planner {
  /** @type {Map<string, Change>} by file: modules may share one */
  changes = new Map();
  /** @type {string[]} */
  problems = [];
  /** @type {string[]} */
  notes = [];

  /**
   * @param {string} root
   * @param {Options} options
   */
  constructor(root, options) {
    this.root = root;
    this.options = options;
    const journal = readJournal(root);
    this.isComplete = journal === null || journal.isComplete;
    this.journal = new Map((journal?.entries ?? []).map((entry) => [path.join(root, entry.file), entry]));
  }

  /** @returns {Plan} */
  plan() {
    const found = find(this.root);
    for (const one of found.shared) this.replace(one, 'shared by the modules of the checkout');
    for (const module of found.modules) {
      const { name, files, surfaces } = module;
      if (!surfaces.some((surface) => this.options.surfaces.includes(surface))) continue;
      for (const one of files) this.replace(one, name);
      this.depend(module);
    }
    if (this.options.enableGrpc) for (const module of found.modules) this.enable(module);
    for (const link of found.links) this.notes.push(`${this.short(link)} is a symbolic link and is not followed: swap the folder that it leads to`);
    for (const folder of found.nested) this.notes.push(`${this.short(folder)} was swapped by itself, and is undone by itself`);
    const again = this.again();
    return {
      found, changes: [...this.changes.values()], problems: this.problems, notes: this.notes,
      isResumed: (again.length > 0 && !this.isComplete) || this.hasLeftovers(), again: this.isComplete ? again : [],
    };
  }

  /** @param {string} file */
  short(file) {
    return path.relative(this.root, file) || path.basename(file);
  }

  /** Files that the journal has, and that are as they were before. */
  again() {
    return [...this.journal].filter(([file, entry]) => this.changes.has(file) && fingerprint(stateOf(file)) === entry.before).map(([file]) => file);
  }

  /** A file that the journal has was being replaced. */
  hasLeftovers() {
    return [...this.journal.keys()].some((file) => stateOf(file + TEMPORARY) !== null);
  }

  /**
   * @param {import('./find').SurfaceFile} one
   * @param {string} module
   */
  replace({ file, surface }, module) {
    if (!this.options.surfaces.includes(surface)) return;
    const bytes = this.read(file);
    if (bytes === null || isShim(surface, bytes)) return;
    if (!this.options.force && !isKnown(surface, bytes)) {
      this.problems.push(`${this.short(file)} is none of OWT's versions: it was modified, or minified, or is another program's. --force replaces it, and --undo brings it back`);
      return;
    }
    // A link is replaced, not what it leads to: require() would look for owt-grpc
    // from there.
    const before = /** @type {State} */ (stateOf(file));
    this.change(file, module, before, shim(surface), 'link' in before ? 0o644 : before.mode);
  }

  /** @param {Module} module */
  depend({ name, packageFile, folder, files }) {
    // What is found from a folder above needs no line, and npm could not do anything with it.
    const isInstalled = files.length > 0;
    if (this.options.dependency === null && isInstalled && resolves(folder)) return;
    const short = this.short(packageFile);
    if (!fs.existsSync(packageFile)) {
      if (this.options.force) this.notes.push(`${short} is missing: install owt-grpc for ${name} yourself`);
      else this.problems.push(`${short} is missing: modules that were packed as binaries have none and cannot be swapped. --force goes on without it`);
      return;
    }
    const { wanted, missing } = dependenciesOn(this.options.dependency ?? specification(), path.dirname(packageFile));
    if (missing !== null) (isInstalled ? this.problems : this.notes).push(`${short}: there is no ${missing}`);
    this.edit(packageFile, name, PackageJsonError, (text) => Object.entries(wanted).reduce((now, [what, where]) => addDependency(now, what, where), text));
  }

  /** @param {Module} module */
  enable({ name, surfaces, toml }) {
    if (!surfaces.includes('grpcTools')) return;
    if (toml === null || !fs.existsSync(toml)) {
      // stream_service has none of the switches.
      if (toml !== null) this.notes.push(`${this.short(toml)} is missing: gRPC mode of ${name} was not switched on`);
      return;
    }
    const { switchIn, addressIn } = SETTINGS_FILES[path.basename(toml)];
    const { grpcHost, clusterIp } = this.options;
    this.edit(toml, name, TomlError, (text) => {
      const enabled = setValue(text, switchIn, 'enable_grpc', 'true');
      const addressed = grpcHost === null ? enabled : setValue(enabled, addressIn, 'grpc_host', JSON.stringify(grpcHost));
      // Of OWT's modules, agents tell it to others.
      if (clusterIp === null || path.basename(toml) !== 'agent.toml') return addressed;
      return setValue(addressed, 'cluster.worker', 'ip', JSON.stringify(clusterIp));
    });
  }

  /**
   * @param {string} name of a file, which may be a link: what it leads to is edited
   * @param {string} module
   * @param {new () => Error} expected what `edited` throws for a file that it cannot edit
   * @param {(text: string) => string} edited
   */
  edit(name, module, expected, edited) {
    const file = fs.realpathSync(name);
    const bytes = this.read(file);
    if (bytes === null) return;
    const text = (this.changes.get(file)?.after ?? bytes).toString('utf8');
    if (!Buffer.from(text, 'utf8').equals(this.changes.get(file)?.after ?? bytes)) {
      this.problems.push(`${this.short(file)} is not UTF-8: save it as such`);
      return;
    }
    try {
      const after = edited(text);
      if (after === text) return;
      const before = /** @type {import('./disk').Regular} */ (stateOf(file));
      const entry = this.journal.get(file);
      const wasEdited = entry !== undefined && ![entry.before, ...entry.after].includes(fingerprint(before));
      if (wasEdited && expected === TomlError) {
        this.problems.push(`${this.short(file)} was edited after it was swapped: run --undo first, or make this change by hand`);
        return;
      }
      this.change(file, module, before, Buffer.from(after), before.mode);
    } catch (error) {
      if (!(error instanceof expected)) throw error;
      this.problems.push(`${this.short(file)} cannot be edited: ${error.message}`);
    }
  }

  /**
   * @param {string} file
   * @param {string} module
   * @param {State} before
   * @param {Buffer} after
   * @param {number} mode
   */
  change(file, module, before, after, mode) {
    const entry = this.journal.get(file);
    const isRebased = entry !== undefined && ![entry.before, ...entry.after].includes(fingerprint(before));
    if (!this.changes.has(file)) this.checkWritable(file, before);
    this.changes.set(file, { file, module, before, after, mode, isRebased });
  }

  /**
   * @param {string} file
   * @param {State} before
   */
  checkWritable(file, before) {
    if (!this.options.force && 'mode' in before && (before.mode & 0o222) === 0) {
      this.problems.push(`${this.short(file)} is read-only. --force changes it all the same, and leaves it read-only`);
    }
    try {
      fs.accessSync(path.dirname(file), fs.constants.W_OK);
    } catch (error) {
      this.problems.push(`${this.short(file)} cannot be changed: its folder cannot be written (${codeOf(error)}); run this as the user who owns it`);
    }
  }

  /** @param {string} file */
  read(file) {
    try {
      return fs.readFileSync(file);
    } catch (error) {
      this.problems.push(`${this.short(file)} cannot be read (${codeOf(error)})`);
      return null;
    }
  }
}

module.exports = { makePlan };
