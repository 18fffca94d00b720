'use strict';

// The reference: OWT's contract as @grpc/proto-loader sees it.

const path = require('node:path');
const protoLoader = require('@grpc/proto-loader');
const protobuf = require('protobufjs');
const wire = require('../../fixtures/owt-wire.json');

const folder = path.join(__dirname, '../../../proto/owt');

/** OWT's five options. */
const OPTIONS = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };

const loaded = new Map();

/** A proto file and what it imports. */
function load(file) {
  if (!loaded.has(file)) {
    loaded.set(file, protoLoader.loadSync(path.join(folder, file), { ...OPTIONS, includeDirs: [folder] }));
  }
  return loaded.get(file);
}

/** The service definition of a type, for grpc-js. */
const definitionOf = (type) => load(wire.types[type].file)[`owt.${wire.types[type].service}`];

/** Types that have a service of their own (recording is streaming's). */
const typesWithService = Object.keys(wire.types).filter((type) => wire.types[type].service);

const roots = new Map();

/** protobufjs's reflection of a proto file, to see a message's fields. */
function rootOf(file) {
  if (!roots.has(file)) {
    const root = new protobuf.Root();
    root.resolvePath = (_origin, target) => (target.startsWith('google/') ? target : path.resolve(folder, target));
    root.loadSync(path.join(folder, file), { keepCase: true });
    root.resolveAll();
    roots.set(file, root);
  }
  return roots.get(file);
}

/**
 * proto-loader's two functions for any message of a file. It offers them for
 * outer messages; for nested ones they are made as it makes them.
 */
function referenceOf(file, fullName) {
  const type = rootOf(file).lookupType(fullName);
  const {
    serialize = (object) => type.encode(type.fromObject(object)).finish(),
    deserialize = (bytes) => type.toObject(type.decode(bytes), OPTIONS),
  } = load(file)[fullName] ?? {};
  return { serialize, deserialize, type };
}

/** Every message: [file, full name]. */
const messages = Object.entries(wire.files).flatMap(([file, { messages: own }]) =>
  Object.keys(own).map((name) => [file, `owt.${name}`])
);

module.exports = { OPTIONS, definitionOf, folder, load, messages, referenceOf, rootOf, typesWithService, wire };
