'use strict';

// A server and a client of one of OWT's services, with async functions.

const { Server, createClient, RpcError, status } = require('owt-grpc');

async function main() {
  const server = new Server();
  server.addService('webrtc', {
    // An async function returns the reply, or throws what the caller shall see.
    async publish(call) {
      if (call.request.type === '') throw new RpcError(status.INVALID_ARGUMENT, 'type is missing');
      return { id: `publication of ${call.request.id}` };
    },
    // A handler in the style of grpc-js works as well.
    unpublish(call, callback) {
      callback(null, { message: `${call.request.id} is gone` });
    },
  });
  const port = await server.listen('127.0.0.1:0');

  const client = createClient('webrtc', `127.0.0.1:${port}`);
  const { id } = await client.publish({ id: 'p1', type: 'webrtc' }, { timeout: 2000 });
  console.log(id);
  client.unpublish({ id: 'p1' }, { deadline: new Date(Date.now() + 2000) }, (error, reply) => {
    console.log(error, reply.message);
  });
  await client.publish({ id: 'p2' }).catch((error) => console.log(error.message));

  client.close();
  await server.stop();
}

main();
