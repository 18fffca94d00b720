'use strict';

/** What ends a command with a message and no stack; `exitCode` says how. */
class CommandError extends Error {
  /**
   * @param {string} message
   * @param {number} [exitCode]
   */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The command line is not one that the command takes. */
class UsageError extends CommandError {
  /** @param {string} message */
  constructor(message) {
    super(message, 2);
  }
}

module.exports = { CommandError, UsageError };
