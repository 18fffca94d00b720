'use strict';

// `owt-grpc call`: one gRPC call by OWT's contract.

const { createClient } = require('../grpc/client/client');
const { findContract, knownTypes } = require('../grpc/contract');
const { codeOf, messageOf } = require('../common/errors');
const { status } = require('../common/status');
const { RpcError } = require('../grpc/rpc-error');
const { jsonOf, numberOf, parseArguments } = require('./support/arguments');
const { CommandError, UsageError } = require('./support/errors');
const { hint } = require('../common/did-you-mean');
const { packed, unpacked } = require('./support/packed');
const { plain, printJson, untilAsked } = require('./support/output');

const summary = "Calls a method of one of OWT's gRPC services";

const help = `Usage: owt-grpc call <type> <address> <method> ['<json>'] [options]

Calls a method of OWT's service <type> at host:port, and prints the reply as
JSON; a stream as one line per message, until it ends or Ctrl-C. The request is
a JSON object; - reads it from stdin; without it all fields are unset. A method
that takes a stream takes an array of them. A packed option is written with its
message's name: {"option": {"@type": "owt.RequestOption", ...}}. TLS is set up
by OWT's environment variables.

  --timeout MS     Until it fails; default 10000, for streams of replies none
  --json           Each message on one line; a failure as
                   {"error": {"code", "name", "details"}}
  --help           This text

Exit code: 0 replied; 1 failed; 2 wrong options, or no such type or method.

  owt-grpc call clusterManager localhost:10080 getWorkers '{"purpose": "webrtc"}'
`;

/** @typedef {import('../codec-runtime').Method} Method */

const TIMEOUT = 10_000;

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
async function run(args) {
  const known = /** @type {const} */ ({ timeout: 'value', json: 'flag' });
  const { operands, options } = parseArguments(args, known, ['type', 'address', 'method', 'json?']);
  const [type, address, name, text = '{}'] = operands;
  const { contract, method } = methodOf(type, name);
  const given = numberOf(options, 'timeout', { otherwise: 0 });
  const timeout = given || (method.responseStream ? undefined : TIMEOUT);
  const request = packed(contract, await jsonOf(text, 'the request'));
  if (Array.isArray(request) && !method.requestStream) throw new UsageError(`${name} takes one request, not an array`);
  const client = opened(type, address);
  const print = (/** @type {any} */ message) => {
    const value = unpacked(contract, message);
    if (options.json || method.responseStream) printJson(value);
    else process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  };
  const end = untilAsked();
  try {
    await call(client, method, request, { timeout, signal: end.signal }, print);
    return 0;
  } catch (error) {
    // Ctrl-C ends a stream that has no end.
    if (end.signal.aborted) return method.responseStream ? 0 : 130;
    if (!(error instanceof RpcError)) throw error;
    if (!options.json) throw new CommandError(plain(error.message));
    printJson({ error: { code: error.code, name: nameOf(error.code), details: error.details } });
    return 1;
  } finally {
    end.forget();
    client.close();
  }
}

/**
 * @param {string} type
 * @param {string} name
 */
function methodOf(type, name) {
  const contract = findContract(type);
  if (contract === undefined) throw new UsageError(`there is no type ${type} (known types: ${knownTypes()})`);
  if (contract.service === null) throw new UsageError(`the type ${type} has messages only, no service`);
  const { methods } = contract.service;
  const method = methods.find((one) => one.name === name || one.originalName === name);
  if (method !== undefined) return { contract, method };
  const names = methods.map(({ originalName }) => originalName);
  throw new UsageError(`${type} has no method ${plain(name)}${hint(name, names)}; its methods are ${names.join(', ')}`);
}

/**
 * @param {string} type
 * @param {string} address
 */
function opened(type, address) {
  try {
    return createClient(type, address);
  } catch (error) {
    // What is given is wrong: a type of ours, or an address that the addon does not take.
    const isWrongInput = error instanceof TypeError || codeOf(error) === 'InvalidArg';
    throw isWrongInput ? new UsageError(messageOf(error)) : new CommandError(messageOf(error));
  }
}

/**
 * @param {any} client
 * @param {Method} method
 * @param {any} request one, or those of a stream
 * @param {{ timeout: number | undefined, signal: AbortSignal }} options
 * @param {(message: any) => void} print
 */
async function call(client, { originalName: name, requestStream, responseStream }, request, options, print) {
  const requests = Array.isArray(request) ? request : [request];
  if (!requestStream && !responseStream) {
    print(await client[name](request, options));
    return;
  }
  if (requestStream && !responseStream) {
    const reply = new Promise((resolve, reject) => {
      const stream = client[name](options, (/** @type {Error | null} */ error, /** @type {any} */ message) => (error === null ? resolve(message) : reject(error)));
      send(stream, requests);
    });
    print(await reply);
    return;
  }
  const stream = requestStream ? client[name](options) : client[name](request, options);
  if (requestStream) send(stream, requests);
  for await (const message of stream) print(message);
}

/**
 * @param {import('node:stream').Writable} stream
 * @param {any[]} requests
 */
function send(stream, requests) {
  for (const request of requests) stream.write(request);
  stream.end();
}

/** @param {number} code */
const nameOf = (code) => Object.entries(status).find(([, number]) => number === code)?.[0] ?? 'UNKNOWN';

module.exports = { help, run, summary };
