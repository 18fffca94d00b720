'use strict';

// What modules in gRPC mode dial, and the ports that they listen on: tried.

const { parseHostPort, withoutBrackets } = require('../../common/host-port');
const { listening } = require('./addresses');
const { inFiles } = require('./report');

/**
 * @typedef {import('./report').Report} Report
 * @typedef {import('./modules').Module} Module
 */

/**
 * @param {import('./addresses').Dialed[]} places
 * @param {Module[]} modules
 * @param {(host: string) => import('./hosts').Where} whereIs
 * @param {import('./network').Network} network
 * @param {Report} report
 */
async function checkDialed(places, modules, whereIs, network, report) {
  const served = listening(modules);
  const answers = new Map(await Promise.all([...new Set(places.map(({ target }) => target))].map(async (target) => /** @type {const} */ ([target, await network.probe(target)]))));
  for (const { file, key, target } of places) {
    const why = String(answers.get(target));
    const parsed = parseHostPort(target);
    const isHere = parsed !== null && whereIs(withoutBrackets(parsed.host)) === 'here';
    const server = isHere ? served.find(({ port }) => port === parsed.port) : undefined;
    if (why === '') report.ok(inFiles(file, key), `a gRPC server answers at ${target}`);
    else if (/refused/.test(why) && server !== undefined) report.note(inFiles(file, key), `nobody is at ${target} yet: the module of ${server.file} is not started`);
    else report.error(inFiles(file, key), why, adviceFor(why, target));
  }
}

/**
 * @param {string} why
 * @param {string} target
 */
function adviceFor(why, target) {
  if (/refused/.test(why)) return `start the module that serves ${target}, or correct the setting`;
  if (isOtherName(why)) return OTHER_NAME;
  if (/certificate|TLS|handshake/i.test(why)) return 'give both sides certificates of one CA, for the names that are dialed; or plaintext to both';
  if (/expected host:port/.test(why)) return 'write it as host:port';
  if (/HTTP|speak/.test(why)) return 'another program has that port: correct the setting, or move it';
  return 'correct the setting, or look at the network between';
}

/** Whether a certificate is good and for another host: see src/tls/refusal.rs. @param {string} why */
const isOtherName = (why) => /it is for .*, not for |cannot vouch for the IP address/.test(why);

const OTHER_NAME = 'dial it by a name that its certificate is for; or, where that is, make one for this name, too: `owt-grpc certs FOLDER --renew`, with --host for each';

/**
 * @param {import('./addresses').Listening[]} places
 * @param {import('./network').Network} network
 * @param {Report} report
 */
async function checkListening(places, network, report) {
  for (const { file, key, port } of places) {
    const about = inFiles(file, key);
    if (!Number.isInteger(port) || port < 1 || port > 65535) {
      report.error(about, 'has no port from 1 to 65535', 'correct it');
      continue;
    }
    const code = await network.bindable(port);
    if (code === '') report.ok(about, `port ${port} is free`);
    else if (code !== 'EADDRINUSE') report.error(about, `port ${port} cannot be listened on: ${code}`, code === 'EACCES' ? 'use a port from 1024 on' : 'correct it');
    else {
      const why = await network.probe(`localhost:${port}`);
      if (why === '') report.ok(about, `a gRPC server listens on port ${port} already`);
      else report.error(about, `port ${port} is taken by another program: ${why}`, 'stop that program, or use another port in all files that name it');
    }
  }
}

module.exports = { OTHER_NAME, checkDialed, checkListening, isOtherName };
