'use strict';

// Objects for any message, made by fast-check from its reflection.

const fc = require('fast-check');
const protobuf = require('protobufjs');

const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom('', '0', 'Ωmega', '\u{1F600}', 'a'.repeat(127), 'b'.repeat(128), 'é'.repeat(64))
);

const scalars = {
  string: text,
  bool: fc.boolean(),
  int32: fc.integer(),
  uint32: fc.integer({ min: 0, max: 0xffffffff }),
  uint64: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map(String),
  double: fc.double({ noNaN: true }),
  bytes: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
};

const made = new Map();

/** Any value of a field; of an enum a name, a number, or a name that it does not have. */
function valueOf({ resolvedType, type }) {
  if (resolvedType instanceof protobuf.Enum) return fc.oneof(fc.constantFrom(...Object.keys(resolvedType.values), 'NO_SUCH_NAME'), fc.integer());
  return resolvedType ? objectOf(resolvedType) : scalars[type];
}

/** Any subset of the fields of a message, of the right types. */
function objectOf(type) {
  if (!made.has(type)) {
    const fields = {};
    for (const field of type.fieldsArray) {
      const one = valueOf(field);
      if (field.map) fields[field.name] = fc.dictionary(text.filter((key) => key !== '__proto__'), one, { maxKeys: 4, noNullPrototype: true });
      else fields[field.name] = field.repeated ? fc.array(one, { maxLength: 4 }) : one;
    }
    made.set(type, fc.record(fields, { requiredKeys: [] }));
  }
  return made.get(type);
}

/** The seed of this run; SEED repeats one. */
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 0x7fffffff));

module.exports = { objectOf, seed };
