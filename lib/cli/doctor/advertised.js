'use strict';

// OWT_GRPC_ADVERTISE: whether others find this machine by it.

const { parseHostPort, withoutBrackets } = require('../../common/host-port');

const SETTING = 'OWT_GRPC_ADVERTISE';
/** These start processes of their own, which inherit the environment. */
const WITH_CHILDREN = ['agent', 'management_api'];

/** What others are told, without a range of ports, which may be as many as there are processes; null where it is not set, or is no host. */
const advertised = () => parseHostPort((process.env[SETTING] ?? '').replace(/:\d+-\d+$/, ''));

/** The host of it. */
function advertisedHost() {
  const parsed = advertised();
  return parsed && withoutBrackets(parsed.host);
}

/**
 * @param {import('./modules').Module[]} modules
 * @param {(host: string) => import('./hosts').Where} whereIs
 * @param {import('./report').Report} report
 */
function checkAdvertised(modules, whereIs, report) {
  const parsed = advertised();
  // What is no host is told where the settings are looked at.
  if (parsed === null) return;
  const host = withoutBrackets(parsed.host);
  const where = whereIs(host);
  if (where === 'unknown') report.error(SETTING, `${host} is not found: others are told a name that leads nowhere`, 'set it to a name or address that others reach this machine by, or unset it');
  if (where === 'elsewhere') report.warn(SETTING, `${host} is no address of this machine: what others send there arrives here only if something passes it on`, 'set it to an address of this machine, or unset it; leave it behind a NAT, or in a container whose ports are published');
  if (parsed.port !== null) checkPort(parsed.port, modules, report);
}

/**
 * @param {number} port
 * @param {import('./modules').Module[]} modules
 * @param {import('./report').Report} report
 */
function checkPort(port, modules, report) {
  const members = modules.filter(({ grpc }) => !grpc);
  const parents = members.filter(({ kind }) => WITH_CHILDREN.includes(kind));
  const advice = 'leave the port out, or name a range, from which each process takes a free one: OWT_GRPC_PORTS=7000-7099';
  if (parents.length > 0) report.error(SETTING, `names port ${port}, which one process can have: ${parents[0].name} starts others with the same environment, and these end at once`, advice);
  else if (members.length > 1) report.error(SETTING, `names port ${port}, which one process can have, and there are ${members.length} modules here`, advice);
  else report.warn(SETTING, `names a port, ${port}: only one process of this machine can have it`, advice);
}

module.exports = { advertisedHost, checkAdvertised };
