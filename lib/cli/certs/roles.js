'use strict';

// OWT's modules as roles: what each serves, calls and publishes on the bus, as rules of
// OWT_GRPC_AUTHORIZE. Their certificates say which they are by a URI, which no host can
// have for a name.

/**
 * A rule, as src/bus/rules/file.rs reads it.
 *
 * @typedef {object} Rule
 * @property {string[]} [serve]
 * @property {string[]} [call]
 * @property {{ exchange: string, keys?: string[] }[]} [publish]
 * @property {boolean} [tap]
 * @property {boolean} [host]
 */

/** `[cluster] name` of OWT's files, by default. */
const MANAGER = 'owt-cluster';
/** Who tells all of processes that are gone. */
const MONITORING = { exchange: 'owtMonitoring', keys: ['exit.*'] };

/** Ids of agents and nodes have a hexadecimal number behind the purpose; `sip-*` would be the sip portal's, too. */
const SIP = [...'0123456789abcdef'].map((digit) => `sip-${digit}*`);
const STREAM_SERVICE = ['stream-service', 'streamservice-*'];
/** Those that hold sessions, and are told what becomes of them. */
const CONTROLLERS = ['conference-*', ...STREAM_SERVICE];
const BRIDGES = ['eventbridge-*', 'mediabridge-*'];
const NODES = ['webrtc-*', 'audio-*', 'video-*', 'streaming-*', 'recording-*', 'analytics-*', 'quic-*', ...SIP];

/** @param {string} purpose @param {string[]} [others] that it calls beside controllers @returns {Rule} */
const agent = (purpose, others = []) => ({ serve: purpose === 'sip' ? SIP : [`${purpose}-*`], call: [MANAGER, ...CONTROLLERS, ...others], publish: [MONITORING] });

/** Who calls everybody that media and signaling go through. */
const CONTROLLED = [MANAGER, ...CONTROLLERS, ...NODES, 'sip-portal', 'portal-*', ...BRIDGES];

/** @type {Record<string, Rule>} by the name of the module's folder */
const ROLES = {
  cluster_manager: { serve: [MANAGER], publish: [{ exchange: `${MANAGER}.management` }, MONITORING], host: true },
  management_api: { call: [MANAGER, ...CONTROLLERS, 'sip-portal', 'portal-*', 'quic-*', ...BRIDGES] },
  portal: { serve: ['portal-*'], call: [MANAGER, ...CONTROLLERS] },
  sip_portal: { serve: ['sip-portal'], call: [MANAGER, ...SIP, 'conference-*'] },
  webrtc_agent: agent('webrtc'),
  audio_agent: agent('audio'),
  video_agent: agent('video'),
  conference_agent: { ...agent('conference'), call: CONTROLLED },
  analytics_agent: agent('analytics'),
  recording_agent: agent('recording'),
  streaming_agent: agent('streaming'),
  quic_agent: agent('quic', ['portal-*']),
  sip_agent: agent('sip', ['sip-portal']),
  stream_service: { serve: STREAM_SERVICE, call: CONTROLLED },
  event_bridge: { serve: ['eventbridge-*'], call: [MANAGER, ...CONTROLLERS] },
  media_bridge_agent: agent('mediabridge', ['eventbridge-*']),
  // `owt-grpc registry`, and who looks on: `owt-grpc status`, `tap`, `rpc` and `doctor`.
  registry: { host: true },
  operator: { call: ['*'], tap: true },
};

/** What a role's certificates have for a name. @param {string} role */
const uriOf = (role) => `owt:${role}`;

/** The file of rules. */
function rulesText() {
  const lines = Object.entries(ROLES).map(([role, rule]) => {
    const rights = Object.entries(rule).map(([key, value]) => `    ${JSON.stringify(key)}: ${oneLine(value)}`);
    return `  ${JSON.stringify(uriOf(role))}: {\n${rights.join(',\n')}\n  }`;
  });
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** @param {any} value @returns {string} JSON with spaces, on one line */
function oneLine(value) {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  return `{ ${Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${oneLine(one)}`).join(', ')} }`;
}

module.exports = { ROLES, rulesText, uriOf };
