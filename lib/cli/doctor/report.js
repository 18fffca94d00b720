'use strict';

// What the doctor has found.

/**
 * @typedef {object} Finding
 * @property {'ok' | 'warn' | 'error'} level
 * @property {string} setting what it is about: a variable, a file and its key
 * @property {string} text what is so
 * @property {string} [advice] what to do
 */

const ORDER = ['error', 'warn', 'ok'];

class Report {
  constructor() {
    /** @type {Finding[]} */
    this.findings = [];
  }

  /** @param {string} setting @param {string} text */
  ok(setting, text) {
    this.add({ level: 'ok', setting, text });
  }

  /** @param {string} setting @param {string} text @param {string} advice */
  warn(setting, text, advice) {
    this.add({ level: 'warn', setting, text, advice });
  }

  /** @param {string} setting @param {string} text @param {string} advice */
  error(setting, text, advice) {
    this.add({ level: 'error', setting, text, advice });
  }

  /** @param {Finding} finding the same one is kept once: folders share settings */
  add(finding) {
    const isSame = (/** @type {Finding} */ other) => other.setting === finding.setting && other.text === finding.text;
    if (!this.findings.some(isSame)) this.findings.push(finding);
  }

  /** @param {Finding['level']} level */
  count(level) {
    return this.findings.filter((finding) => finding.level === level).length;
  }

  /** The worst first. */
  sorted() {
    return [...this.findings].sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
  }
}

module.exports = { Report };
