'use strict';

// gRPC's reflection service of one server: which services it has, and the proto
// files that describe them. v1 and v1alpha differ in their name only.

const { status } = require('../../common/status');
const { Descriptors } = require('./descriptors');
const { STOPPING, quoted } = require('./texts');

const REFLECTION = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];

/** @typedef {import('../../codec-runtime').Contract} Contract */

class Reflection {
  /** @param {Set<Contract>} contracts what the server has, complete when it listens */
  constructor(contracts) {
    this.contracts = contracts;
    /** @type {Descriptors | null} read at the first request */
    this.found = null;
    /** @type {Set<any>} open calls */
    this.calls = new Set();
    this.stopped = false;
  }

  get descriptors() {
    if (this.found === null) this.found = new Descriptors(this.contracts);
    return this.found;
  }

  stop() {
    this.stopped = true;
    for (const call of this.calls) call.emit('error', STOPPING);
  }

  /** The handler. @param {any} call */
  async *serverReflectionInfo(call) {
    if (this.stopped) throw STOPPING;
    this.calls.add(call);
    try {
      for await (const request of call) yield { valid_host: request.host, original_request: request, ...this.answer(request) };
    } finally {
      this.calls.delete(call);
    }
  }

  /** @param {any} request */
  answer(request) {
    switch (request.message_request) {
      case 'list_services':
        return this.listServices();
      case 'file_by_filename':
        return this.file(this.descriptors.files, request.file_by_filename, 'file');
      case 'file_containing_symbol':
        return this.file(this.descriptors.symbols, request.file_containing_symbol, 'symbol');
      case 'all_extension_numbers_of_type':
        return this.extensionNumbers(request.all_extension_numbers_of_type);
      case 'file_containing_extension': {
        // All files here are proto3, which has no extensions.
        const { containing_type: type, extension_number: number } = request.file_containing_extension;
        return failure(status.NOT_FOUND, `Extension ${number} of ${quoted(type)} not found`);
      }
      default:
        return failure(status.INVALID_ARGUMENT, 'The request asks for nothing: one field of message_request must be set');
    }
  }

  listServices() {
    const names = new Set([...this.contracts].map(({ service }) => service?.name));
    return { list_services_response: { service: [...names].sort().map((name) => ({ name })) } };
  }

  /**
   * @param {Map<string, import('../../codec-runtime').Descriptor>} among
   * @param {string} name
   * @param {string} what
   */
  file(among, name, what) {
    const descriptor = among.get(name);
    if (descriptor === undefined) return failure(status.NOT_FOUND, `No ${what} ${quoted(name)} belongs to a service of this server`);
    return { file_descriptor_response: { file_descriptor_proto: Descriptors.closure(descriptor) } };
  }

  /** @param {string} type */
  extensionNumbers(type) {
    if (!this.descriptors.isMessage(type)) return failure(status.NOT_FOUND, `No message ${quoted(type)} belongs to a service of this server`);
    return { all_extension_numbers_response: { base_type_name: type, extension_number: [] } };
  }
}

/**
 * @param {number} code
 * @param {string} text
 */
function failure(code, text) {
  return { error_response: { error_code: code, error_message: text } };
}

module.exports = { REFLECTION, Reflection };
