'use strict';

// Runs the bus's tests against a real broker, and against the bus. Fails if no
// broker is there: a comparison with nothing shows nothing.

const amqp = require('amqplib');
const { run } = require('./testing/run');

const url = process.env.RABBITMQ_URL ?? 'amqp://guest:guest@127.0.0.1:5672';

async function main() {
  const connection = await amqp.connect(url);
  const { product, version } = connection.connection.serverProperties;
  await connection.close();
  console.log(`comparing with ${product} ${version}`);
  const files = ['__test__/rabbitmq/comparison.rabbitmq.js', '__test__/rabbitmq/port.rabbitmq.js', '__test__/bus/behaviour.test.js'];
  process.exit(run(files, { atOnce: 1 }));
}

main().catch((error) => {
  console.error(`no RabbitMQ at ${new URL(url).host}: ${error.message}. Start one, or name one by RABBITMQ_URL.`);
  process.exit(1);
});
