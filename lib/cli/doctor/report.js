'use strict';

// What the doctor has found. What is so of many files for one reason is one finding,
// which names them.

const path = require('node:path');

/**
 * What a finding is about: a setting by its name, or one that files or folders have.
 *
 * @typedef {'file' | 'folder' | 'module'} Noun
 * @typedef {{ key: string, noun: Noun, places: string[] }} About
 *
 * @typedef {object} Finding
 * @property {'ok' | 'note' | 'warn' | 'error'} level a note is good to know, and nothing is wrong
 * @property {string} key the setting, the same in all places
 * @property {Noun} noun what the places are
 * @property {string[]} places from the folder that is looked at; none for what is in no file
 * @property {string} text what is so
 * @property {string} [advice] what to do
 */

/** The worst first. @type {Finding['level'][]} */
const ORDER = ['error', 'warn', 'note', 'ok'];

/** @param {string | string[]} files @param {string} [key] @returns {About} */
const inFiles = (files, key = '') => ({ key, noun: 'file', places: [files].flat() });

/** @param {string | string[]} folders @param {string} key a file in them @returns {About} */
const inFolders = (folders, key) => ({ key, noun: 'folder', places: [folders].flat() });

/** @param {string | string[]} folders of modules, which are what is wrong @returns {About} */
const inModules = (folders) => ({ key: '', noun: 'module', places: [folders].flat() });

class Report {
  constructor() {
    /** @type {Finding[]} */
    this.findings = [];
  }

  /** @param {string | About} about @param {string} text */
  ok(about, text) {
    this.add('ok', about, text);
  }

  /** @param {string | About} about @param {string} text @param {string} [advice] */
  note(about, text, advice) {
    this.add('note', about, text, advice);
  }

  /** @param {string | About} about @param {string} text @param {string} advice */
  warn(about, text, advice) {
    this.add('warn', about, text, advice);
  }

  /** @param {string | About} about @param {string} text @param {string} advice */
  error(about, text, advice) {
    this.add('error', about, text, advice);
  }

  /**
   * The same of another place joins what is known already.
   *
   * @param {Finding['level']} level
   * @param {string | About} about
   * @param {string} text
   * @param {string} [advice]
   */
  add(level, about, text, advice) {
    const { key, noun, places } = typeof about === 'string' ? inFiles([], about) : about;
    const known = this.findings.find((one) => one.level === level && one.key === key && one.noun === noun && one.text === text && one.advice === advice);
    if (known === undefined) this.findings.push({ level, key, noun, places: [...new Set(places)], text, ...(advice !== undefined && { advice }) });
    else known.places.push(...places.filter((place) => !known.places.includes(place)));
  }

  /** @param {Finding['level']} level */
  count(level) {
    return this.findings.filter((finding) => finding.level === level).length;
  }

  /** The worst first; of those that are as bad, what others may follow from comes first, as they were looked for. */
  sorted() {
    return [...this.findings].sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
  }
}

/**
 * What a finding is about, for people.
 *
 * @param {Finding} finding
 */
function settingOf({ key, noun, places }) {
  if (places.length === 0) return key;
  if (places.length > 1) return key === '' ? `${places.length} ${noun}s` : `${key} in ${places.length} ${noun}s`;
  return noun === 'folder' ? path.join(places[0], key) : [places[0], key].filter(Boolean).join(' ');
}

module.exports = { Report, inFiles, inFolders, inModules, settingOf };
