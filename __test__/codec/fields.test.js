'use strict';

const assert = require('node:assert').strict;
const path = require('node:path');
const { test } = require('node:test');
const { messages, rootOf } = require('../support/grpc/reference');

const modules = path.join(__dirname, '..', '..', 'lib', 'codec');
const codecOf = (file, name) => require(path.join(modules, file.replace('.proto', '.js'))).messages[name];

for (const [file, name] of messages) {
  test(`${file} ${name}: its codec knows its fields, what is in them, and the names of its oneofs`, () => {
    const type = rootOf(file).lookupType(name);
    const expected = {};
    for (const field of type.fieldsArray) {
      field.resolve();
      const inner = field.map ? null : field.resolvedType;
      expected[field.name] = inner?.fields === undefined ? null : inner.fullName.slice(1);
    }
    for (const oneof of type.oneofsArray) expected[oneof.name] = undefined;
    const known = Object.entries(codecOf(file, name).fields());
    assert.deepEqual(Object.fromEntries(known.map(([field, inner]) => [field, inner && inner.name])), expected);
  });
}
