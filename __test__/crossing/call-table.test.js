'use strict';

const assert = require('node:assert').strict;
const { test } = require('node:test');
const fc = require('fast-check');
const { CallTable } = require('../../lib/crossing/call-table');

test('a call table holds what a Map holds, whatever comes and goes', () => {
  // Ids that collide in a table of 8 places, and enough of them to make it grow.
  // 0 is the id of a call that has not begun: it is never there.
  const step = fc.record({ id: fc.integer({ min: 0, max: 64 }), add: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const table = new CallTable(8);
      const map = new Map();
      for (const { id, add } of steps) {
        if (!add) assert.equal(table.delete(id), map.delete(id));
        else if (id !== 0 && !map.has(id)) {
          map.set(id, { id });
          table.set(id, map.get(id));
        }
        assert.equal(table.size, map.size);
        for (let known = 0; known <= 64; known++) assert.equal(table.get(known), map.get(known));
      }
    }),
    { verbose: true }
  );
});

test('a call that is added gets the next id that is free, never 0', () => {
  const table = new CallTable(4);
  const ids = [1, 2, 3].map((call) => table.add(call));
  assert.deepEqual(ids, [1, 2, 3]);
  table.next = 0xffffffff;
  table.delete(2);
  assert.deepEqual([7, 8, 9].map((call) => table.add(call)), [0xffffffff, 2, 4]);
  assert.equal(table.get(2), 8);
});
