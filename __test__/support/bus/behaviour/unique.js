'use strict';

const { randomBytes } = require('node:crypto');

/** What must never be asked for twice: tests share a broker. */
const unique = (name) => `${name}-${randomBytes(10).toString('hex')}@10.0.0.1`;

module.exports = { unique };
