'use strict';

// Answers of a person at a terminal, or lines of a pipe. What is typed for a
// hidden question is never written anywhere.

const readline = require('node:readline');
const { Writable } = require('node:stream');
const { CommandError } = require('./errors');

/** Longer than any password; a pipe without line ends must not fill the memory. */
const MAX_LINE = 64 * 1024;

/**
 * @typedef {object} Answers
 * @property {(question: string, options?: { hidden?: boolean }) => Promise<string>} ask
 * @property {(problem: string) => void} retry says what is wrong with the last answer; throws if it cannot be asked again
 * @property {() => void} close gives the terminal back as it was
 */

/**
 * @param {NodeJS.ReadStream} [input]
 * @param {NodeJS.WriteStream} [output]
 * @returns {Answers}
 */
function openAnswers(input = process.stdin, output = process.stdout) {
  return input.isTTY ? fromTerminal(input, output) : fromPipe(input, output);
}

const missing = () => new CommandError('the input ended before the last question was answered; nothing was stored');
const interrupted = () => new CommandError('interrupted; nothing was stored', 130);

/**
 * @param {NodeJS.ReadStream} input
 * @param {NodeJS.WriteStream} output
 * @returns {Answers}
 */
function fromTerminal(input, output) {
  // Off from the end of each line on, in the same tick: of several lines that are
  // pasted at once the second may be a password.
  let shown = false;
  let hidden = false;
  const echo = new Writable({
    write(chunk, encoding, done) {
      if (shown) output.write(chunk, encoding);
      done();
    },
  });
  const lines = readline.createInterface({ input, output: echo, terminal: true, historySize: 0 });
  const queue = new Queue();
  lines.on('line', (line) => {
    if (hidden) output.write('\n');
    shown = false;
    queue.put(line);
  });
  lines.on('SIGINT', () => {
    queue.clear();
    queue.end(interrupted());
  });
  lines.on('close', () => queue.end(missing()));
  input.on('error', () => queue.end(missing()));

  return {
    ask(question, options = {}) {
      lines.setPrompt(question);
      shown = true;
      lines.prompt();
      hidden = options.hidden === true;
      shown = !hidden;
      return queue.take();
    },
    retry(problem) {
      output.write(`${problem}\n`);
    },
    close() {
      lines.close();
    },
  };
}

/**
 * @param {NodeJS.ReadStream} input
 * @param {NodeJS.WriteStream} output
 * @returns {Answers}
 */
function fromPipe(input, output) {
  const lines = linesOf(input);
  return {
    async ask(question) {
      output.write(`${question}\n`);
      const { done, value } = await lines.next();
      if (done) throw missing();
      return value;
    },
    retry(problem) {
      throw new CommandError(`an answer of the input does not fit its question: ${problem}; nothing was stored`);
    },
    close() {
      // An endless pipe must not hold the process.
      input.destroy();
    },
  };
}

/**
 * @param {NodeJS.ReadStream} input
 * @returns {AsyncGenerator<string, void>}
 */
async function* linesOf(input) {
  let rest = Buffer.alloc(0);
  for await (const chunk of input) {
    rest = Buffer.concat([rest, chunk]);
    for (let end; (end = rest.indexOf('\n')) !== -1; rest = rest.subarray(end + 1)) yield decoded(rest.subarray(0, end));
    if (rest.length > MAX_LINE) throw new CommandError(`a line of the input is longer than ${MAX_LINE} bytes; nothing was stored`);
  }
  if (rest.length > 0) yield decoded(rest);
}

/** @param {Buffer} line */
function decoded(line) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line).replace(/\r$/, '');
  } catch {
    throw new CommandError('the input is not UTF-8; nothing was stored');
  }
}

/** Lines that came before they were asked for, or who waits for one. */
class Queue {
  /** @type {string[]} */
  #lines = [];
  /** @type {{ resolve: (line: string) => void, reject: (error: Error) => void } | null} */
  #waiting = null;
  /** @type {Error | null} */
  #ended = null;

  /** @param {string} line */
  put(line) {
    if (this.#waiting === null) this.#lines.push(line);
    else this.#waiting.resolve(line);
    this.#waiting = null;
  }

  clear() {
    this.#lines = [];
  }

  /** @param {Error} error what those get who ask for more */
  end(error) {
    if (this.#ended === null) this.#ended = error;
    this.#waiting?.reject(this.#ended);
    this.#waiting = null;
  }

  /** @returns {Promise<string>} */
  take() {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }
}

module.exports = { openAnswers };
