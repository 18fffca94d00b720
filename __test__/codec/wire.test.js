'use strict';

const assert = require('node:assert').strict;
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const protobuf = require('protobufjs');
require('protobufjs/ext/descriptor');
const { messages, typesWithService, wire } = require('../support/grpc/reference');

const folder = path.join(__dirname, '..', '..', 'lib', 'codec');
const TYPES = { 1: 'double', 4: 'uint64', 5: 'int32', 8: 'bool', 9: 'string', 12: 'bytes', 13: 'uint32' };

/** The compiled descriptor of a proto file, as the build wrote it. */
function descriptorOf(file) {
  const bytes = fs.readFileSync(path.join(folder, 'descriptors', file.replace('.proto', '.binpb')));
  return protobuf.descriptor.FileDescriptorProto.decode(bytes);
}

function messagesOf(file, outer = '', found = {}) {
  for (const message of file.messageType ?? file.nestedType ?? []) {
    const name = outer ? `${outer}.${message.name}` : message.name;
    found[name] = message;
    messagesOf(message, name, found);
  }
  return found;
}

function typeOf(field, expected) {
  const label = field.label === 3 ? 'repeated ' : field.proto3Optional ? 'optional ' : '';
  if (field.type !== 11) return label + TYPES[field.type];
  // The table names a message as its proto does, which may leave out what is around it.
  const bare = expected.replace(/^(optional|repeated) /, '');
  assert.ok(field.typeName.endsWith(`.${bare}`), `${field.name}: ${field.typeName} is not ${bare}`);
  return label + bare;
}

test('the table has 15 files, 11 services, 134 methods and 196 messages', () => {
  const files = Object.values(wire.files);
  assert.equal(files.length, 15);
  assert.equal(files.flatMap((file) => Object.keys(file.services)).length, 11);
  assert.equal(files.flatMap((file) => Object.values(file.services).flat()).length, 134);
  assert.equal(messages.length, 196);
});

for (const [name, expected] of Object.entries(wire.files)) {
  test(`${name} compiles to the contract, field by field`, () => {
    const file = descriptorOf(name);
    assert.equal(file.package, 'owt');
    assert.deepEqual(file.dependency ?? [], expected.imports);
    const found = messagesOf(file);
    assert.deepEqual(Object.keys(found).sort(), Object.keys(expected.messages).sort());
    for (const [message, fields] of Object.entries(expected.messages)) {
      const actual = Object.fromEntries(
        (found[message].field ?? []).map((field) => [
          field.name,
          [field.number, typeOf(field, fields[field.name]?.[1] ?? '')],
        ])
      );
      assert.deepEqual(actual, fields, `${name} ${message}`);
    }
    const services = Object.fromEntries(
      (file.service ?? []).map((service) => [
        service.name,
        service.method.map((method) => [
          method.name,
          method.inputType.replace('.owt.', ''),
          method.outputType.replace('.owt.', ''),
          ...(method.clientStreaming ? ['client-streaming'] : []),
          ...(method.serverStreaming ? ['server-streaming'] : []),
        ]),
      ])
    );
    assert.deepEqual(services, expected.services);
  });
}

test('the codec has every method of every type, under both names and its path', () => {
  const codec = require('../../lib/codec');
  assert.deepEqual(Object.keys(codec).sort(), Object.keys(wire.types).sort());
  for (const type of typesWithService) {
    const { file, service } = wire.types[type];
    assert.deepEqual(
      codec[type].service.methods.map((m) => [m.name, m.path, m.request.name, m.response.name, m.requestStream, m.responseStream]),
      wire.files[file].services[service].map(([name, request, response, ...kinds]) => [
        name,
        `/owt.${service}/${name}`,
        `owt.${request}`,
        `owt.${response}`,
        kinds.includes('client-streaming'),
        kinds.includes('server-streaming'),
      ])
    );
  }
});
