'use strict';

// Certificates for tests, made by the machine's openssl: those of OWT's guide by
// its own commands, good ones, and bad ones of every kind.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { makeGuide } = require('../../../lib/cli/certs/guide');
const { updateStore } = require('../../../lib/credentials/store');
const { Certificate } = require('./certificate');

const SUBJECT = '/C=XX/ST=XX/L=XX/O=XX/OU=OWT';
const PASSPHRASES = { ca: 'ca secret', server: 'server secret', client: 'client secret' };

const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch (_error) {
    return false;
  }
})();

/** A folder of certificates that goes with its test, or with the process. */
class Workshop {
  constructor(t) {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-tls-'));
    const remove = () => fs.rmSync(this.folder, { recursive: true, force: true });
    if (t === undefined) process.once('exit', remove);
    else t.after(remove);
  }

  file(name) {
    return path.join(this.folder, name);
  }

  write(name, content) {
    fs.writeFileSync(this.file(name), content);
    return this.file(name);
  }

  openssl(...args) {
    return execFileSync('openssl', args, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  }

  /** What OWT's guide says, word for word but for where passphrases come from. */
  async guide({ cn, bits, passphrases = PASSPHRASES } = {}) {
    await makeGuide(this.folder, { cn, bits, passphrases });
    await updateStore(this.file('.owt.authstore'), { grpc: { serverPass: passphrases.server, clientPass: passphrases.client } });
    return this;
  }

  /** The same keys in the form that OpenSSL 1.1 gave them, which `genrsa -traditional` gives them today. */
  traditional(passphrases = PASSPHRASES) {
    for (const name of ['server', 'client']) {
      const pass = `pass:${passphrases[name]}`;
      this.openssl('rsa', '-traditional', '-des3', '-in', `${name}.key`, '-passin', pass, '-passout', pass, '-out', `${name}.key`);
    }
    return this;
  }

  /** A key: 'ec' for P-256, another curve such as 'P-384', an algorithm such as 'ED25519', or the bits of an RSA key. */
  key(name, kind = 'ec') {
    const curve = kind === 'ec' ? 'P-256' : String(kind);
    if (/^[A-Z]{2}/.test(curve)) this.openssl('genpkey', '-algorithm', curve, '-out', `${name}.key`);
    else if (curve.startsWith('P-')) this.openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`, '-out', `${name}.key`);
    else this.openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${kind}`, '-out', `${name}.key`);
    return this.file(`${name}.key`);
  }

  ca(name = 'ca', { cn = name, kind, v1 = false, days = 365 } = {}) {
    if (v1) return this.leaf(name, { cn, kind, signer: null, v1: true });
    this.key(name, kind);
    this.openssl('req', '-new', '-x509', '-days', String(days), '-key', `${name}.key`, '-out', `${name}.crt`, '-subj', `${SUBJECT}/CN=${cn}`);
    return this.file(`${name}.crt`);
  }

  /**
   * A certificate and its key. `from` and `to` are days from now; `signer` is
   * whose key signs, null for its own.
   */
  leaf(name, { cn = 'localhost', san = 'DNS:localhost', ext = '', kind, signer = 'ca', v1 = false, from, to = 365, digest = 'sha256' } = {}) {
    this.key(name, kind);
    this.openssl('req', '-new', '-key', `${name}.key`, '-out', `${name}.csr`, '-subj', `${SUBJECT}/CN=${cn}`);
    const extensions = v1 ? '' : `${san ? `subjectAltName=${san}\n` : ''}${ext || 'basicConstraints=CA:FALSE'}\n`;
    this.write(`${name}.ext`, extensions);
    if (from !== undefined || to < 1) this.dated(name, { signer, v1, from: from ?? -10, to });
    else {
      const by = signer === null ? ['-key', `${name}.key`] : ['-CA', `${signer}.crt`, '-CAkey', `${signer}.key`, '-set_serial', String(Math.trunc(Math.random() * 1e9))];
      this.openssl('x509', '-req', '-days', String(to), `-${digest}`, '-in', `${name}.csr`, ...by, ...(v1 ? [] : ['-extfile', `${name}.ext`]), '-out', `${name}.crt`);
    }
    return { cert: this.file(`${name}.crt`), key: this.file(`${name}.key`) };
  }

  /** Dates that are not from now on are for `openssl ca` only. */
  dated(name, { signer, v1, from, to }) {
    const stamp = (days) => new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, '');
    this.write('index.txt', '');
    this.write('serial', '1000');
    this.write('ca.cnf', '[ca]\ndefault_ca=a\n[a]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\npolicy=p\ndefault_md=sha256\n[p]\ncommonName=supplied\norganizationName=optional\norganizationalUnitName=optional\ncountryName=optional\nstateOrProvinceName=optional\nlocalityName=optional\n');
    const by = signer === null ? ['-selfsign', '-keyfile', `${name}.key`] : ['-cert', `${signer}.crt`, '-keyfile', `${signer}.key`];
    this.openssl('ca', '-batch', '-config', 'ca.cnf', '-notext', ...by, '-in', `${name}.csr`, '-startdate', stamp(from), '-enddate', stamp(to), ...(v1 ? [] : ['-extfile', `${name}.ext`]), '-out', `${name}.crt`);
  }

  /** What a certificate says. */
  read(name) {
    return new Certificate(this.file(`${name}.crt`));
  }

  /** A certificate of which one bit is another: the last one, or that at a text. */
  tampered(name, from, text) {
    const der = Buffer.from(this.read(from).raw);
    const at = text === undefined ? der.length - 1 : der.lastIndexOf(text);
    der[at] ^= 1;
    const base64 = der.toString('base64').replace(/(.{64})/g, '$1\n');
    this.write(`${name}.crt`, `-----BEGIN CERTIFICATE-----\n${base64.trimEnd()}\n-----END CERTIFICATE-----\n`);
    fs.copyFileSync(this.file(`${from}.key`), this.file(`${name}.key`));
  }

  /** Puts certificates into one file: a chain, or a bundle of CAs. */
  bundle(name, ...names) {
    return this.write(`${name}.crt`, names.map((one) => fs.readFileSync(this.file(`${one}.crt`), 'utf8')).join(''));
  }

  /** OWT's variables for what is here. */
  environment(changes = {}) {
    return {
      OWT_GRPC_ROOT_CERT: this.file('ca.crt'),
      OWT_GRPC_SERVER_CERT: this.file('server.crt'),
      OWT_GRPC_SERVER_KEY: this.file('server.key'),
      OWT_GRPC_CLIENT_CERT: this.file('client.crt'),
      OWT_GRPC_CLIENT_KEY: this.file('client.key'),
      ...changes,
    };
  }

  /** A CA and a good pair for each side. */
  good(options = {}) {
    this.ca('ca', options);
    this.leaf('server', options);
    this.leaf('client', { ...options, san: 'DNS:client' });
    return this;
  }
}

module.exports = { PASSPHRASES, SUBJECT, Workshop, hasOpenssl };
