'use strict';

// OWT's RabbitMQ client, as its modules use it, without RabbitMQ.

const amqpClient = require('owt-grpc/amqpClient');

const node = amqpClient();
const portal = amqpClient();
// As in OWT's toml files. AMQP's port stands for the registry's, 5680.
const options = { host: 'localhost', port: 5672 };

node.connect(options, () => {
  const methods = {
    publish(id, reply) {
      reply('callback', `${id} is published`);
    },
  };
  node.asRpcServer('webrtc-1@127.0.0.1_1', methods, () => {
    portal.connect(options, () => portal.asRpcClient(ask));
  });
});

function ask(client) {
  client.remoteCall('webrtc-1@127.0.0.1_1', 'publish', ['stream1'], {
    callback(data, reason) {
      console.log(data, reason);
      client.remoteCall('nobody', 'publish', [], { callback: (why) => end(why) }, 100);
    },
  });
}

async function end(why) {
  console.log(why);
  await portal.disconnect();
  await node.disconnect();
}
