'use strict';

// What reflection tells, made into clients that know nothing else.

const protoLoader = require('@grpc/proto-loader');
const protobuf = require('protobufjs');
require('protobufjs/ext/descriptor');
const { OPTIONS } = require('./reference');
const { clientOf, reader, reflectionClient } = require('./standard');

/** A stream of reflection: `ask` gives the reply to one request. */
function asking(t, port, version) {
  const stream = reflectionClient(t, port, version).serverReflectionInfo();
  const replies = reader(stream);
  return {
    stream,
    async ask(request) {
      stream.write(request);
      return replies.next();
    },
  };
}

/** The file descriptors of a reply. */
function filesOf({ file_descriptor_response: response }) {
  return response.file_descriptor_proto.map((bytes) => protobuf.descriptor.FileDescriptorProto.decode(bytes));
}

/** proto-loader's package of the files of a reply. */
function packageOf(reply) {
  const set = protobuf.descriptor.FileDescriptorSet.encode({ file: filesOf(reply) }).finish();
  return protoLoader.loadFileDescriptorSetFromBuffer(Buffer.from(set), OPTIONS);
}

/** A client of a service, from what reflection tells of it. */
async function reflectedClient(t, port, service) {
  const { ask } = asking(t, port);
  return clientOf(t, packageOf(await ask({ file_containing_symbol: service }))[service], port);
}

module.exports = { asking, filesOf, packageOf, reflectedClient };
