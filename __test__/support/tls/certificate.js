'use strict';

// What a certificate says, as the machine's openssl reads it: Node.js can do that
// from 15.6 on. Names are those of crypto.X509Certificate.

const { execFileSync, spawnSync } = require('node:child_process');
const { createPublicKey } = require('node:crypto');

class Certificate {
  /** @param {string} file */
  constructor(file) {
    this.file = file;
  }

  openssl(...args) {
    return execFileSync('openssl', ['x509', '-in', this.file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** What `openssl x509` prints behind a name. */
  field(name, ...args) {
    return this.openssl('-noout', `-${name}`, ...args).toString().replace(/^[\w ]+=/, '').trim();
  }

  get serialNumber() {
    return this.field('serial');
  }

  /** A line for each part. */
  get subject() {
    return this.field('subject', '-nameopt', 'sep_multiline,sname,utf8').replace(/^\s+/gm, '');
  }

  get validFrom() {
    return this.field('startdate');
  }

  get validTo() {
    return this.field('enddate');
  }

  get subjectAltName() {
    return /Subject Alternative Name:.*\n\s*(.*?)\s*\n/.exec(this.field('text'))?.[1];
  }

  get ca() {
    return /Basic Constraints:.*\n\s*CA:TRUE/.test(this.field('text'));
  }

  get raw() {
    return this.openssl('-outform', 'der');
  }

  /** @param {Certificate} ca */
  isSignedBy(ca) {
    return spawnSync('openssl', ['verify', '-CAfile', ca.file, this.file]).status === 0;
  }

  checkPrivateKey(key) {
    return createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString().trim() === this.field('pubkey');
  }
}

module.exports = { Certificate };
