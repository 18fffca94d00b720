'use strict';

const net = require('node:net');

/** Node.js before 16.17 has no means to reset a connection. */
const canReset = 'resetAndDestroy' in net.Socket.prototype;

module.exports = { canReset };
