'use strict';

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { inspect } = require('node:util');
const { withCause } = require('../../lib/common/compat/errors');

test('the cause of an error is kept and printed with it on every Node.js', () => {
  const cause = new Error('below');
  const error = withCause(new Error('above'), cause);
  assert.equal(error.cause, cause);
  assert.match(inspect(error), /above[^]*below/);
  assert.equal('cause' in withCause(new Error('alone'), undefined), false);
});
