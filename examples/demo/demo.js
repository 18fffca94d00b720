'use strict';

// OWT-style processes work together over owt-grpc, in both of OWT's styles: by
// its gRPC helper, and by its RabbitMQ client on the bus.

const { environment, makeCertificates } = require('./certificates');
const { Supervisor } = require('./supervisor');

const HELP = `npm run demo -- [options]
  --grpc       only the half on owt-grpc/grpcTools
  --bus        only the half on owt-grpc/amqpClient
  --tls        over mutual TLS, with certificates by OWT's guide (needs openssl)
  --seconds N  how long nothing new may happen before time is up, 10 to 600
               (default 20)
  --quiet      the summaries only
  --help       this text
OWT_DEMO_BREAK=<media agent> lets one fail, to see what that looks like.`;

const HALVES = { grpc: require('./grpc-half'), bus: require('./bus-half') };

const FLAGS = ['grpc', 'bus', 'tls', 'quiet', 'help'];

/** @param {string[]} args */
function parsed(args) {
  const values = { seconds: '20' };
  for (let at = 0; at < args.length; at++) {
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/.exec(args[at]) ?? [];
    if (name === 'seconds') values.seconds = value ?? args[++at];
    else if (FLAGS.includes(name) && value === undefined) values[name] = true;
    else throw new Error(`Unknown option or argument '${args[at]}'`);
  }
  return values;
}

function readArguments() {
  try {
    const values = parsed(process.argv.slice(2));
    const seconds = Number(values.seconds);
    if (!(seconds >= 10 && seconds <= 600)) throw new Error(`--seconds must be a number from 10 to 600, not ${values.seconds}`);
    const chosen = Object.keys(HALVES).filter((name) => values[name]);
    return { ...values, seconds, halves: chosen.length > 0 ? chosen : Object.keys(HALVES) };
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    process.exit(2);
  }
}

const options = readArguments();
if (options.help) {
  console.log(HELP);
  process.exit(0);
}

let supervisor;
process.on('exit', () => supervisor?.cleanUp());
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => supervisor?.interrupt(signal));

async function main() {
  let isWell = true;
  for (const name of options.halves) {
    const { modules, run } = HALVES[name];
    supervisor = new Supervisor(modules, options);
    if (options.tls) {
      if (!options.quiet) console.log("making a CA and two pairs of certificate and key with OWT's guide's commands");
      await makeCertificates(supervisor.folder);
      Object.assign(process.env, environment(supervisor.folder));
    }
    const expected = await run(supervisor);
    isWell = supervisor.summarize(expected) && isWell;
    if (supervisor.interrupted) break;
  }
  process.exitCode = isWell ? 0 : 1;
}

main();
