'use strict';

// Colours, for a terminal only: what is piped or stored stays plain.

const CODES = { red: 31, green: 32, cyan: 36, bold: 1 };

/**
 * @param {NodeJS.WriteStream} stream
 * @returns {(name: keyof typeof CODES, text: string) => string}
 */
function styleOf(stream) {
  const isOn = stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  return (name, text) => (isOn ? `\u001b[${CODES[name]}m${text}\u001b[0m` : text);
}

module.exports = { styleOf };
