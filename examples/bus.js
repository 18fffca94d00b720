'use strict';

// The bus: calls, topics, and no broker. The first member becomes the registry.

const { connectBus } = require('owt-grpc');

async function main() {
  const registry = 'localhost:5691';
  const server = await connectBus({ registry });
  await server.serve('calculator', {
    add: (a, b) => a + b,
    async divide(a, b) {
      if (b === 0) throw new RangeError('division by zero');
      return a / b;
    },
  });

  const client = await connectBus({ registry });
  console.log('1 + 2 =', await client.call('calculator', 'add', [1, 2]));
  await client.call('calculator', 'divide', [1, 0]).catch(({ code, message }) => console.log(code, message));
  await client.call('nobody', 'add', [], { timeout: 50 }).catch(({ code }) => console.log(code));

  const news = server.subscribe('news', 'room1.#');
  await news.ready;
  client.publish('news', 'room1.joined', { id: 'alice' });
  client.publish('news', 'room2.joined', { id: 'bob' });
  client.publish('news', 'room1.left.early', { id: 'alice' });
  let count = 0;
  for await (const { routingKey, data } of news) {
    console.log(routingKey, data.id);
    if (++count === 2) break;
  }
  await client.close();
  await server.close();
}

main();
