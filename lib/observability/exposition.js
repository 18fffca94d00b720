'use strict';

// Prometheus's text format, version 0.0.4.

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** @param {string} text */
const escapedHelp = (text) => text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');

/** @param {string} text */
const escapedLabel = (text) => escapedHelp(text).replace(/"/g, '\\"');

/** @param {number} value */
function number(value) {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

/** @param {Record<string, string>} labels */
function braced(labels) {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapedLabel(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

/** Families of samples, each family once and whole. */
class Exposition {
  constructor() {
    /** @type {string[]} */
    this.lines = [];
  }

  /**
   * @param {string} name
   * @param {'counter' | 'gauge' | 'histogram'} type
   * @param {string} help
   * @param {[labels: Record<string, string>, value: number][]} samples none, and the family is left out
   */
  family(name, type, help, samples) {
    if (samples.length === 0) return;
    this.head(name, type, help);
    for (const [labels, value] of samples) this.lines.push(`${name}${braced(labels)} ${number(value)}`);
  }

  /**
   * @param {string} name
   * @param {string} help
   * @param {readonly number[]} bounds
   * @param {[labels: Record<string, string>, stats: { buckets: number[], timed: number, seconds: number }][]} samples
   */
  histogram(name, help, bounds, samples) {
    if (samples.length === 0) return;
    this.head(name, 'histogram', help);
    for (const [labels, { buckets, timed, seconds }] of samples) {
      let below = 0;
      bounds.forEach((bound, n) => {
        below += buckets[n];
        this.lines.push(`${name}_bucket${braced({ ...labels, le: number(bound) })} ${below}`);
      });
      this.lines.push(`${name}_bucket${braced({ ...labels, le: '+Inf' })} ${timed}`);
      this.lines.push(`${name}_sum${braced(labels)} ${number(seconds)}`, `${name}_count${braced(labels)} ${timed}`);
    }
  }

  /**
   * @param {string} name
   * @param {string} type
   * @param {string} help
   */
  head(name, type, help) {
    this.lines.push(`# HELP ${name} ${escapedHelp(help)}`, `# TYPE ${name} ${type}`);
  }

  toString() {
    return this.lines.length === 0 ? '' : `${this.lines.join('\n')}\n`;
  }
}

module.exports = { CONTENT_TYPE, Exposition };
