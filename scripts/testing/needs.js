'use strict';

// Tests and examples whose own packages need a newer Node.js than this package does.

/** @typedef {{ from: [major: number, minor: number], why: string }} Need */

/** @type {Need} */
const OPENTELEMETRY = { from: [18, 19], why: "OpenTelemetry's SDK needs Node.js 18.19" };

/** @type {Record<string, Need>} */
const NEEDS = {
  '__test__/observability/opentelemetry.test.js': OPENTELEMETRY,
  'examples/opentelemetry.js': OPENTELEMETRY,
};

/**
 * @param {string} file
 * @param {string} version such as v14.19.0
 * @returns {string | null} why it cannot run there
 */
function needs(file, version) {
  const needed = NEEDS[file.replace(/\\/g, '/')];
  if (needed === undefined) return null;
  const [major, minor] = version.slice(1).split('.').map(Number);
  const [fromMajor, fromMinor] = needed.from;
  return major > fromMajor || (major === fromMajor && minor >= fromMinor) ? null : needed.why;
}

module.exports = { needs };
