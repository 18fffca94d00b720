'use strict';

// What the certificates of a module give it a right to, by the rules of OWT_GRPC_AUTHORIZE.

const { messageOf } = require('../../common/errors');
const { placeOf, readRules } = require('../../bus/authorize');
const { readMaterial } = require('../../tls/material');
const { planOfEnvironment } = require('../../tls/plan');

const SETTING = 'OWT_GRPC_AUTHORIZE';

/**
 * For the current directory, where TLS can be used.
 *
 * @param {import('./report').Report} report
 */
function checkRights(report) {
  const place = placeOf('owt-grpc', undefined);
  if (place === null) return;
  let rules;
  try {
    rules = readRules(place);
  } catch (error) {
    report.error(SETTING, messageOf(error), 'correct it');
    return;
  }
  // Others see the one when they dial this side, the other when it dials them.
  const granted = /** @type {const} */ (['server', 'client']).map((role) => {
    const plan = planOfEnvironment(role);
    const pem = plan === null ? null : readMaterial(plan).certificate;
    return { name: String(plan?.cert?.name), rights: pem === null ? null : rules.granted(pem) };
  });
  // That they are needed is said where the settings are looked at.
  if (granted.some(({ rights }) => rights === null)) return;
  const [server, client] = granted.map(({ rights }) => String(rights));
  for (const { name, rights } of granted) {
    const text = describe(JSON.parse(String(rights)));
    if (text === '') report.error(SETTING, `${place.file} gives ${name} no right to anything`, 'add a rule for one of its names, or use the certificate of another role: docs/security.md');
    else report.ok(SETTING, `by ${place.file} ${name} may ${text}`);
  }
  if (server !== client) report.warn(SETTING, "the server's and the client's certificate have different rights", 'others see one or the other, as who dials whom: use a pair of one role');
}

/**
 * @param {{ names: string[] | null, serve: string[], call: string[], publish: { exchange: string, keys: string[] | null }[], tap: boolean, host: boolean }} rule
 * @returns {string} empty if it gives nothing
 */
function describe({ names, serve, call, publish, tap, host }) {
  const topics = publish.map(({ exchange, keys }) => (keys === null ? exchange : `${exchange} (${keys.join(', ')})`));
  const rights = [
    serve.length > 0 && `serve ${serve.join(', ')}`,
    call.length > 0 && `call ${call.join(', ')}`,
    topics.length > 0 && `publish at ${topics.join(', ')}`,
    tap && 'see what passes (tap)',
    host && 'host the registry',
  ].filter(Boolean);
  const bound = names !== null && rights.length > 0 ? `; as a member named ${names.join(', ') || 'nothing'}` : '';
  return `${rights.join('; ')}${bound}`;
}

module.exports = { checkRights };
