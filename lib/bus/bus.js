'use strict';

// The bus for new code: promises, async iteration, errors that say which.

const { clearTimeout, now, setTimeout } = require('../common/clock');
const { reasonOf, throwIfAborted } = require('../common/compat/abort');
const { thrownTo } = require('../common/call-site');
const { within } = require('./at-work');
const { encode } = require('./body');
const { argsOf, methodsOf, patternsOf, signalOf } = require('./checks');
const { BusConnection } = require('./connection');
const { busOptions } = require('./config');
const { argumentsOf, methodOf } = require('./dispatch');
const { BusError, describe, fromHandler, givenUp } = require('./errors');
const { HandlerCall } = require('./handler-call');
const { nameOf, servableId } = require('./names');
const { Subscription } = require('./subscription');
const { checkedOptions, flagOption, graceOf, numberOption } = require('../common/options');
const { INFO, WARN, isLogged, log } = require('../common/log');
const { isOfKind, messageOf, stackOf } = require('../common/errors');
const { RpcError } = require('../grpc/rpc-error');
const { onAbort } = require('../common/signal');

const DEFAULT_TIMEOUT = 10_000;
const CALL_OPTIONS = ['timeout', 'signal'];

/** @typedef {import('./request').Request} Request */

class Bus {
  /** @param {BusConnection} connection */
  constructor(connection) {
    this.connection = connection;
  }

  assertOpen() {
    if (!this.connection.isOpen) throw new BusError('CLOSED', 'This bus is closed');
  }

  /**
   * @param {string} id
   * @param {string} method
   * @param {any[]} [args]
   * @param {{ timeout?: number, signal?: AbortSignal }} [options]
   * @returns {Promise<any>}
   */
  async call(id, method, args = [], options = undefined) {
    this.assertOpen();
    nameOf('bus: id', id);
    nameOf('bus: method', method);
    argsOf('bus.call', args);
    const checked = checkedOptions('bus.call', options, CALL_OPTIONS);
    const timeout = numberOption('bus.call', checked, 'timeout', { min: 1, max: 0x7fffffff }) ?? DEFAULT_TIMEOUT;
    const signal = signalOf('bus.call', checked.signal);
    if (signal) throwIfAborted(signal);
    const about = { to: id, method, since: now() };
    return new Promise((resolve, reject) => {
      /** @type {(() => void) | null} */
      let settle = null;
      const number = this.connection.call(id, method, args, timeout, {
        many: false,
        onReply: (_kind, data, _err, failed, reply) => {
          settle?.();
          resolve(failed ? thrownTo(fromHandler(reply, { id, method })) : data);
        },
        onFailed: (why, detail) => {
          settle?.();
          const { code, message } = describe(why, detail, about);
          resolve(thrownTo(new BusError(code, message, { id, method })));
        },
      });
      const abort = () => {
        this.connection.cancel(number);
        reject(reasonOf(signal));
      };
      if (signal) settle = onAbort(signal, abort);
    });
  }

  /**
   * @param {string} id
   * @param {string} method
   * @param {any[]} [args]
   */
  cast(id, method, args = []) {
    this.assertOpen();
    this.connection.cast(nameOf('bus: id', id), nameOf('bus: method', method), argsOf('bus.cast', args));
  }

  /**
   * @param {string} id
   * @param {Record<string, any>} methods
   * @param {{ withCall?: boolean }} [options]
   * @returns {Promise<{ id: string, stop: () => Promise<void> }>} when everybody knows
   */
  async serve(id, methods, options) {
    assertStaying(this);
    servableId('bus.serve: id', id);
    methodsOf('bus.serve', methods);
    const withCall = flagOption('bus.serve', checkedOptions('bus.serve', options, ['withCall']), 'withCall');
    if (this.connection.incoming.served.has(id)) throw new BusError('REFUSED', `This bus serves ${id} already`, { id });
    /** @param {Request} request */
    const handler = (request) => void answer(this.connection, methods, request, withCall);
    const { service, done } = this.connection.serve(id, handler, true);
    if (!(await done.catch(thrownTo))) throw new BusError('CLOSED', `This bus was closed before everybody knew that it serves ${id}`, { id });
    /** @param {{ graceMs?: number }} [options] */
    const stop = async (options) => {
      const graceMs = graceOf('stop', options);
      await this.connection.stopServing(service);
      await within(graceMs, service.none());
    };
    return { id, stop };
  }

  /**
   * @param {string} exchange
   * @param {string | string[]} patterns
   * @param {{ maxWaiting?: number, signal?: AbortSignal }} [options]
   * @returns {Subscription}
   */
  subscribe(exchange, patterns, options) {
    assertStaying(this);
    nameOf('bus: exchange', exchange);
    return new Subscription(this.connection, exchange, patternsOf('bus.subscribe', patterns), options);
  }

  /**
   * @param {string} exchange
   * @param {string} routingKey
   * @param {any} data
   */
  publish(exchange, routingKey, data) {
    this.assertOpen();
    nameOf('bus: exchange', exchange);
    nameOf('bus: routing key', routingKey);
    const body = encode(data);
    if (body === undefined) throw new TypeError('bus.publish: data must be something that JSON has a form for');
    this.connection.publish(exchange, routingKey, body);
  }

  /** @returns {Promise<any>} */
  async status() {
    this.assertOpen();
    return this.connection.status();
  }

  /**
   * @param {{ graceMs?: number }} [options]
   * @returns {Promise<void>}
   */
  async close(options) {
    await this.connection.close(graceOf('bus.close', options));
  }
}
if (Symbol.asyncDispose) {
  Object.defineProperty(Bus.prototype, Symbol.asyncDispose, { value() { return this.close(); } });
}

/**
 * Where something is begun that lasts: handlers that are at work at the end begin nothing of the kind.
 *
 * @param {Bus} bus
 */
function assertStaying({ connection }) {
  if (connection.closing !== null) throw new BusError('CLOSED', 'This bus is closed, or is being closed');
}

/**
 * @param {BusConnection} connection
 * @param {any} methods
 * @param {Request} request
 * @param {boolean} withCall
 */
async function answer({ incoming }, methods, request, withCall) {
  const { id, method, isCall } = request;
  try {
    const called = methodOf(methods, method);
    if (called === undefined) {
      log(WARN, `${id} has no method ${method}`);
      finishFailed(incoming, request, new Error('Not support method'));
      return;
    }
    const args = argumentsOf(request.body);
    if (withCall) args.push(new HandlerCall(request));
    const result = await called.apply(methods, args);
    if (isCall) incoming.reply(request, '', result, undefined, false);
    else incoming.ended(request, false, '');
  } catch (error) {
    logFailure(request, error);
    finishFailed(incoming, request, error);
  }
}

/**
 * @param {import('./incoming').Incoming} incoming
 * @param {Request} request
 * @param {unknown} error
 */
function finishFailed(incoming, request, error) {
  if (request.isCall) incoming.fail(request, error);
  else incoming.ended(request, true, messageOf(error));
}

/**
 * What a handler says by an error of this package is for its caller; nobody else
 * hears of a cast's. What fails because its caller is gone is no surprise.
 *
 * @param {Request} request
 * @param {unknown} error
 */
function logFailure({ id, method, isCall, isOpen }, error) {
  if (!isLogged(WARN) || (isCall && (!isOpen || isOfKind(error, BusError) || isOfKind(error, RpcError)))) return;
  log(WARN, `${id}.${method} failed: ${stackOf(error)}`);
}

/**
 * Becomes a member of the bus.
 *
 * @param {import('./config').BusOptions & { signal?: AbortSignal }} [options]
 * @returns {Promise<Bus>} once the registry is found, or made
 */
function connectBus(options) {
  return connect(options, false);
}

/**
 * @param {any} options those of `connectBus`
 * @param {boolean} isCommand not a module's, but what a person has typed
 * @returns {Promise<Bus>}
 */
function connect(options, isCommand) {
  return new Promise((resolve, reject) => {
    const checked = { ...busOptions('connectBus', isCommand ? { name: 'owt-grpc', ...options } : options), isCommand };
    const signal = signalOf('connectBus', options?.signal);
    const timeout = numberOption('connectBus', options ?? {}, 'timeout', { min: 1, max: 0x7fffffff });
    if (signal) throwIfAborted(signal);
    const settle = () => {
      stopListening();
      clearTimeout(timer);
    };
    const stop = () => {
      settle();
      void connection.close();
    };
    /** @param {unknown} why */
    const giveUp = (why) => {
      stop();
      reject(why);
    };
    const stopListening = signal ? onAbort(signal, () => giveUp(givenUp(reasonOf(signal), connection))) : () => {};
    const late = () => {
      const cause = new Error(connection.waitsFor ?? `${checked.registry} has not answered yet`);
      giveUp(new BusError('TIMEOUT', `no registry has let this member in within ${timeout} ms: ${cause.message}`, { cause }));
    };
    const connection = new BusConnection(checked, {
      onJoined: () => {
        settle();
        log(INFO, `bus: joined as ${checked.name} by the registry ${checked.registry}`);
        resolve(new Bus(connection));
      },
      onParted: (why) => log(WARN, `bus: lost the registry, trying again: ${why}`),
      onRefused: (why) => {
        stop();
        resolve(thrownTo(new BusError('REFUSED', why)));
      },
    });
    const timer = timeout === null ? undefined : setTimeout(late, timeout);
  });
}

module.exports = { Bus, connect, connectBus };
