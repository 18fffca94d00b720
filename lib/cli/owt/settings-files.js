'use strict';

// The toml files of OWT's modules that have a switch for gRPC, by name: the section
// with `enable_grpc`, and the one with the address of the cluster manager.

/** @type {Record<string, { switchIn: string, addressIn: string }>} */
const SETTINGS_FILES = {
  'agent.toml': { switchIn: 'agent', addressIn: 'cluster' },
  'cluster_manager.toml': { switchIn: 'manager', addressIn: 'manager' },
  'management_api.toml': { switchIn: 'server', addressIn: 'cluster' },
  'portal.toml': { switchIn: 'portal', addressIn: 'cluster' },
  'sip_portal.toml': { switchIn: 'sip_portal', addressIn: 'cluster' },
};

module.exports = { SETTINGS_FILES };
