'use strict';

// The doctor's findings, for people and for programs.

const { plain, printJson, styled } = require('../support/output');
const { settingOf } = require('./report');

/** So many places are named for people; programs are told of all. */
const MOST = 8;

const STYLES = /** @type {const} */ ({ error: 'red', warn: 'yellow', note: 'cyan', ok: 'green' });

/**
 * @param {import('./report').Report} report
 */
function show(report) {
  const line = (/** @type {string} */ text) => process.stdout.write(`${text}\n`);
  for (const finding of report.sorted()) {
    const { level, places, text, advice } = finding;
    line(`${styled(STYLES[level], level.padEnd(5))}  ${styled('bold', plain(settingOf(finding)))}: ${plain(text)}`);
    if (places.length > 1) line(`       ${styled('dim', 'in:')} ${plain(shortened(places))}`);
    if (advice !== undefined) line(`       ${styled('dim', 'do:')} ${plain(advice)}`);
  }
  line(`\n${counted(report.count('error'), 'error')}, ${counted(report.count('warn'), 'warning')}, ${counted(report.count('note'), 'note')}, ${report.count('ok')} ok`);
}

/** @param {number} count @param {string} what */
const counted = (count, what) => `${count} ${what}${count === 1 ? '' : 's'}`;

/**
 * A list that a person reads.
 *
 * @param {string[]} places
 */
function shortened(places) {
  const [shown, left] = [places.slice(0, MOST), places.slice(MOST)];
  return shown.join(', ') + (left.length > 0 ? ` and ${left.length} more` : '');
}

/** @param {import('./report').Report} report */
function showJson(report) {
  const findings = report.sorted().map((finding) => ({ level: finding.level, setting: settingOf(finding), places: finding.places, text: finding.text, advice: finding.advice }));
  printJson({ findings, errors: report.count('error'), warnings: report.count('warn') });
}

module.exports = { show, showJson, shortened };
