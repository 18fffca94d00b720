'use strict';

// The log of owt-grpc in that of log4js, as OWT's modules have it: under a
// category of its own, whose level says how much is wanted. Needs log4js.

const log4js = require('log4js');
const { connectBus, setLogger } = require('owt-grpc');

// In OWT: log4js_configuration.json.
log4js.configure({
  appenders: { out: { type: 'stdout', layout: { type: 'pattern', pattern: '%p %c - %m' } } },
  categories: {
    default: { appenders: ['out'], level: 'error' },
    OwtGrpc: { appenders: ['out'], level: 'info' },
  },
});

async function main() {
  const logger = log4js.getLogger('OwtGrpc');
  setLogger(logger, logger.level.levelStr.toLowerCase());

  const bus = await connectBus({ registry: 'localhost:5693' });
  await bus.serve('recorder', {
    save() {
      throw new Error('the disk is full');
    },
    ping: () => 'pong',
  });
  // Nobody is told whether a cast went well: that is for the log.
  bus.cast('recorder', 'save', []);
  console.log(await bus.call('recorder', 'ping'));

  setLogger(logger, 'error');
  bus.cast('recorder', 'save', []);
  await bus.close();
  log4js.shutdown();
}

main();
