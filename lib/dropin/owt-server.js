'use strict';

// A server whose handlers are understood as grpc-js understands them, for which
// OWT's were written.

const { hasFields } = require('../common/fields');
const { Server } = require('../grpc/server/server');

class OwtServer extends Server {
  /** Fields that no message has are passed over in silence. @param {import('../codec-runtime').Method} method */
  methodOf(method) {
    return method;
  }

  /** What is thrown at once stays here; what a promise was rejected with is an answer. @param {boolean} isAtOnce */
  hides(isAtOnce) {
    return isAtOnce;
  }

  /** `callback(new Error(text))` is how they say no. */
  isAnswer() {
    return true;
  }

  /** A text such as 'ok', where a message is due, is an empty message. @param {any} reply */
  messageOf(reply) {
    return reply == null || hasFields(reply) ? reply : {};
  }
}

module.exports = { OwtServer };
