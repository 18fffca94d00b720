'use strict';

/**
 * `util.parseArgs`, which came with Node.js 18.3, as far as benchmarks use it.
 *
 * @param {{ options: Record<string, { type: 'string' | 'boolean', default?: any }> }} config
 * @returns {{ values: Record<string, any> }}
 */
function parseArgs({ options }) {
  const values = {};
  for (const [name, { default: otherwise }] of Object.entries(options)) if (otherwise !== undefined) values[name] = otherwise;
  const args = process.argv.slice(2);
  for (let at = 0; at < args.length; at++) {
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/.exec(args[at]) ?? [];
    const type = Object.keys(options).includes(name) ? options[name].type : undefined;
    if (type === 'string') {
      values[name] = value ?? args[++at];
      if (values[name] === undefined) throw new TypeError(`option '--${name}' needs a value`);
    } else if (type === 'boolean' && value === undefined) values[name] = true;
    else throw new TypeError(`unknown option '${args[at]}'`);
  }
  return { values };
}

module.exports = { parseArgs };
