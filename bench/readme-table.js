'use strict';

// The README's table, from results.json: `node bench/readme-table.js` prints it,
// and a test holds the README to it.

const COLUMNS = ['unary, 1 in flight', 'unary, 16 in flight', 'unary, 128 in flight', 'server stream', 'bidi, 128 in flight'];

const short = (ratio) => (ratio >= 9.95 ? ratio.toFixed(0) : ratio.toFixed(1));
const times = (ratio) => `×${short(ratio)}`;
const part = (ratio) => (Number.isFinite(ratio) ? `÷${short(1 / ratio)}` : '');

/** @param {{ name: string, toGrpcJs: Record<string, number> }[]} summary */
function readmeTable(summary) {
  const of = (figure, show) => COLUMNS.map((name) => show(summary.find((load) => load.name === name).toGrpcJs[figure] ?? NaN));
  const row = (...cells) => `| ${cells.join(' | ')} |`;
  return [
    row('against @grpc/grpc-js', '1 in flight', '16 in flight', '128 in flight', 'server stream', 'bidirectional'),
    '|---|---|---|---|---|---|',
    row('calls or messages per second', ...of('perSecond', times)),
    row('p99 latency', ...of('p99', part)),
    row('CPU per call, both processes', ...of('cpuPer100k', part)),
  ].join('\n');
}

if (require.main === module) console.log(readmeTable(require('./results/results.json').summary));

module.exports = { readmeTable };
