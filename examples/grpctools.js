'use strict';

// As OWT's modules write it: only the first line is another one than before.

const grpcTools = require('owt-grpc/grpcTools');

async function main() {
  const port = await grpcTools.startServer('video', {
    publish(call, callback) {
      const option = grpcTools.unpackOption('video', call.request.option);
      callback(null, { id: `${call.request.id} for ${option.controller}` });
    },
    listenToNotifications(call) {
      const data = { owner: 'room1', label: 'common', regions: [] };
      call.write(grpcTools.packNotification({ type: 'video', name: 'onVideoLayoutChange', data }));
      call.end();
    },
  });

  const client = grpcTools.startClient('video', `localhost:${port}`);
  const option = grpcTools.packOption('video', { controller: 'conference' });
  const deadline = new Date(Date.now() + 2000);
  client.publish({ id: 'v1', type: 'webrtc', option }, { deadline }, (error, reply) => console.log(error, reply.id));

  const stream = client.listenToNotifications({ id: 'listener' });
  stream.on('data', (packed) => {
    const { name, data } = grpcTools.unpackNotification(packed);
    console.log(name, data.owner, data.label);
  });
  stream.on('error', (error) => console.log(error.message));
  stream.on('end', async () => {
    client.close();
    await grpcTools.stopServer(port);
  });
}

main();
