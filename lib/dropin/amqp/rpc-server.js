'use strict';

// What OWT's modules serve: methods whose last argument is the reply function.

const { argumentsOf, methodOf } = require('../../bus/dispatch');
const { HandlerCall } = require('../../bus/handler-call');
const { WARN, log } = require('../../common/log');
const { isError, messageOf, stackOf, textOf } = require('../../common/errors');

/** @typedef {import('../../bus/request').Request} Request */

class RpcServer {
  /**
   * @param {any} bus the client it belongs to
   * @param {string} id
   * @param {any} methods
   */
  constructor(bus, id, methods) {
    this.bus = bus;
    this.id = id;
    this.methods = methods;
    this.connection = bus.connection;
    /** Set once, so that what one copy of a client serves ends with it. */
    const { service, done } = this.connection.serve(id, (/** @type {Request} */ request) => this.handle(request), false);
    this.service = service;
    /** @type {Promise<boolean>} true when everybody knows, false if this client left before */
    this.ready = done;
  }

  /** @param {Request} request */
  handle(request) {
    const { method, isCall } = request;
    const reply = isCall ? this.replyTo(request) : null;
    /** @param {unknown} error */
    const failed = (error) => {
      this.failed(method, error, reply);
      if (reply === null) this.connection.incoming.ended(request, true, messageOf(error));
    };
    const castEnded = () => reply === null && this.connection.incoming.ended(request, false, '');
    try {
      // Reading a member may throw, too.
      const called = methodOf(this.methods, method);
      if (called === undefined) {
        log(WARN, `${this.id} has no method ${method}`);
        if (reply === null) this.connection.incoming.ended(request, true, 'Not support method');
        else reply('callback', 'error', 'Not support method');
        return;
      }
      const args = argumentsOf(request.body);
      if (reply !== null) args.push(reply);
      const result = called.apply(this.methods, args);
      if (typeof result?.then === 'function') result.then(castEnded, failed);
      else castEnded();
    } catch (error) {
      failed(error);
    }
  }

  /**
   * @param {string} method
   * @param {unknown} error
   * @param {((type: string, data?: any, err?: any) => void) | null} reply
   */
  failed(method, error, reply) {
    log(WARN, `${this.id}.${method} failed: ${stackOf(error)}`);
    // Its `code` and `data` are for callers of new code.
    reply?.('callback', 'error', isError(error) ? error : messageOf(error));
  }

  /**
   * The first 'callback' counts; other kinds may come as often as they like.
   *
   * @param {Request} request
   */
  replyTo(request) {
    let isSettled = false;
    const reply = (/** @type {string} */ type, /** @type {any} */ data, /** @type {any} */ err) => {
      const isLast = type === 'callback';
      if (isLast && isSettled) return;
      isSettled = isSettled || isLast;
      this.connection.incoming.reply(request, isLast ? '' : textOf(type), data, err, data === 'error');
    };
    /** Whoever asks: see HandlerCall in index.d.ts. */
    reply.request = new HandlerCall(request);
    return reply;
  }
}

module.exports = { RpcServer };
