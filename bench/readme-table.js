'use strict';

// The figures of the README and of docs/platforms.md, from bench/results:
// `node bench/readme-table.js` prints them, and a test holds the pages to them.

const GRPC = {
  '1 in flight': /^unary, 1 in flight$/,
  '16 in flight': /^unary, 16 in flight$/,
  '128 in flight': /^unary, 128 in flight$/,
  'server stream': /^server stream$/,
  bidirectional: /^bidi, 128 in flight$/,
};

const BUS = {
  '1 call in flight': /^keepAlive, 1 in flight$/,
  '128 in flight': /^keepAlive, 128 in flight$/,
  '1 kB of SDP': /^1 kB of SDP, 128 in flight$/,
  '1 kB of objects': /^1 kB of objects, 128 in flight$/,
  '100 kB, 16 in flight': /^100 kB of plain text, 16 in flight$/,
  'topic, 8 listeners': /^topic, 8 subscribers$/,
  'topic, 100 kB': /^topic of 100 kB of plain text, 8 subscribers$/,
};

const IN_FLIGHT = { '1 in flight': /, 1 in flight$/, '128 in flight': /, 128 in flight$/ };

const short = (ratio) => (ratio >= 9.95 ? ratio.toFixed(0) : ratio.toFixed(1));
const times = (ratio) => `×${short(ratio)}`;
const part = (ratio) => (ratio ? `÷${short(1 / ratio)}` : '');

const row = (...cells) => `| ${cells.join(' | ')} |`;

/** A table of ratios: a column for each load, a row for each figure. */
function table(title, columns, summary, against, rows) {
  const loads = Object.values(columns).map((name) => summary.find((load) => name.test(load.name)));
  return [
    row(title, ...Object.keys(columns)),
    `|${'---|'.repeat(loads.length + 1)}`,
    ...rows.map(([name, figure, show]) => row(name, ...loads.map((load) => show(load[against][figure])))),
  ].join('\n');
}

/** @param {{ name: string, toGrpcJs: Record<string, number> }[]} summary of results.json */
const grpcTable = (summary) => table('against @grpc/grpc-js', GRPC, summary, 'toGrpcJs', [
  ['calls or messages per second', 'perSecond', times],
  ['p99 latency', 'p99', part],
  ['CPU per call, both processes', 'cpuPer100k', part],
]);

/** @param {{ name: string, toRabbitmq: Record<string, number> }[]} summary of bus.json */
const busTable = (summary) => table('against RabbitMQ', BUS, summary, 'toRabbitmq', [
  ['calls or deliveries per second', 'perSecond', times],
  ['p50 latency', 'p50', part],
  ['CPU per call, broker included', 'cpuPer100k', part],
]);

const CALLS = [
  ['calls per second', 'perSecond', times],
  ['p99 latency', 'p99', part],
  ['CPU per call, all processes', 'cpuPer100k', part],
];

/** OWT's own Node.js, from node14.json. */
function node14({ grpc, bus, require: { medians } }) {
  const required = (name) => `${Math.round(medians[name])} ms`;
  return [
    table('against @grpc/grpc-js', IN_FLIGHT, grpc.summary, 'toGrpcJs', CALLS),
    table('against RabbitMQ', IN_FLIGHT, bus.summary, 'toRabbitmq', CALLS),
    `\`require('owt-grpc/amqpClient')\` takes ${required('owt-grpc/amqpClient')} there, \`require('amqplib')\` ${required('amqplib')}.`,
  ];
}

const ms = (of) => `${Math.round(of.median)} ms`;

/** What no load shows: starting, losing the registry, and OWT's own rate. */
function busSentences({ starts, kills }, { workers, ratios }) {
  const here = Math.max(...['ours, as the first process', 'ours, a registry is there'].map((name) => starts[name].served.median));
  return [
    `From \`require\` to a served id: ${ms({ median: here })} (RabbitMQ: ${ms(starts.rabbitmq.served)}).`,
    `After the process with the registry was killed: ${ms(kills['until a registration made at that moment is in effect'])} until the next registration is in effect.`,
    `${workers} workers at OWT's steady state: ${ratios.messaging.toFixed(2)} of the CPU that messaging takes with RabbitMQ.`,
  ];
}

if (require.main === module) {
  console.log(grpcTable(require('./results/results.json').summary));
  console.log(busTable(require('./results/bus.json').summary));
  console.log(busSentences(require('./results/startup.json'), require('./results/steady.json')).join('\n'));
  console.log(node14(require('./results/node14.json')).join('\n\n'));
}

module.exports = { busSentences, busTable, grpcTable, node14 };
