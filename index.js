'use strict';

const { createClient } = require('./lib/client');
const { RpcError, status } = require('./lib/errors');
const { setLogger } = require('./lib/log');
const { Metadata } = require('./lib/metadata');
const { Server } = require('./lib/server');

module.exports = { Metadata, RpcError, Server, createClient, setLogger, status };
