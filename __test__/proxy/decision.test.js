'use strict';

// Which proxy a client goes through, against grpc-js's own decision.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const fc = require('fast-check');
require('@grpc/grpc-js');
const { mapProxyName } = require('@grpc/grpc-js/build/src/http_proxy');
const { mapUriDefaultScheme } = require('@grpc/grpc-js/build/src/resolver');
const { parseUri } = require('@grpc/grpc-js/build/src/uri-parser');
const { proxyFor } = require('../../lib/grpc/proxy');
const { seed } = require('../support/grpc/arbitrary');
const { withEnvironment } = require('../support/net/connect-proxy');

console.log(`SEED=${seed}`);

const RUNS = { seed, numRuns: 5000 };
const ON = { GRPC_ARG_HTTP_PROXY: '1' };

/** What grpc-js does: null for no proxy. */
function reference(env, target) {
  const uri = mapUriDefaultScheme(parseUri(target));
  const { target: mapped, extraOptions } = withEnvironment(env, () => mapProxyName(uri, {}));
  if (!('grpc.http_connect_target' in extraOptions)) return null;
  return { proxy: mapped.path, credentials: extraOptions['grpc.http_connect_creds'] ?? null };
}

/** The same of ours. */
function decision(env, target) {
  const { proxy, proxyCredentials } = proxyFor(undefined, { ...ON, ...env }, target);
  return proxy === null ? null : { proxy, credentials: proxyCredentials };
}

const host = fc.constantFrom('a.example', 'b.example', 'ample', 'example', 'localhost', '127.0.0.1', '10.1.2.3', '10.1.2.130', '192.168.0.1', '[::1]', '[fd00::5]', 'A.Example');
const port = fc.constantFrom('1', '80', '443', '10080', '65535');
const target = fc
  .tuple(fc.constantFrom('', '', '', 'dns:', 'dns:///', 'ipv4:', 'ipv6:'), host, port)
  .map(([scheme, name, number]) => `${scheme}${name}:${number}`);

const password = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }).map(encodeURIComponent);
const credentials = fc.oneof(fc.constant(''), fc.tuple(password, password).map(([user, secret]) => `${user}:${secret}@`));
const proxyUrl = fc
  .tuple(fc.constantFrom('http://', 'HTTP://', ' http://'), credentials, host, fc.option(port, { nil: '' }), fc.constantFrom('', '/', '/path?x#y', ' '))
  .map(([scheme, creds, name, number, rest]) => `${scheme}${creds}${name}${number && `:${number}`}${rest}`);

const address = fc.constantFrom('10.1.2.3', '10.1.2.0', '10.0.0.0', '127.0.0.1', '192.168.0.1', '255.255.255.255', '0.0.0.0', '10.1.2', '010.1.2.3');
const range = fc.tuple(address, fc.constantFrom('0', '1', '8', '15', '24', '25', '31', '32', '33', '-1', '8x', '', 'x', '8/8')).map((parts) => parts.join('/'));
const entry = fc.oneof(host, address, range, fc.constantFrom('', '*', '.example', '*.example', 'ample', ' localhost', '::1', 'fd00::5', 'a.example:80', '127.0.0.1:80', ':', '::/0'));
const list = fc.array(entry, { maxLength: 4 }).map((entries) => entries.join(','));

const environment = fc.record(
  { grpc_proxy: fc.oneof(proxyUrl, fc.constant('')), https_proxy: proxyUrl, http_proxy: proxyUrl, no_grpc_proxy: list, no_proxy: list },
  { requiredKeys: [] }
);

test('for every environment and target the decision is that of grpc-js', () => {
  let proxied = 0;
  let straight = 0;
  fc.assert(
    fc.property(environment, target, (env, to) => {
      const ours = decision(env, to);
      assert.deepEqual(ours, reference(env, to));
      if (ours === null) straight++;
      else proxied++;
    }),
    RUNS
  );
  assert.ok(proxied > 500 && straight > 500, `${proxied} through a proxy, ${straight} straight`);
});

test('a user without a password, or the reverse, is sent as Basic wants it, where grpc-js leaves out the colon or both', () => {
  const http_proxy = 'http://t%C3%B6ken@h:1';
  assert.equal(decision({ http_proxy }, 'a:1').credentials, 'töken:');
  assert.equal(reference({ http_proxy }, 'a:1').credentials, 't%C3%B6ken');
  assert.equal(decision({ http_proxy: 'http://:secret@h:1' }, 'a:1').credentials, ':secret');
  assert.equal(reference({ http_proxy: 'http://:secret@h:1' }, 'a:1').credentials, null);
});

test('proxy variables count only where GRPC_ARG_HTTP_PROXY is a number other than 0', () => {
  const wanted = (value) => proxyFor(undefined, { http_proxy: 'http://h:1', ...(value === undefined ? {} : { GRPC_ARG_HTTP_PROXY: value }) }, 'a:1').proxy;
  for (const off of [undefined, '', '0', ' 0 ', '00', '-0', '0.0']) assert.equal(wanted(off), null, off);
  for (const on of ['1', '2', '-1', ' 1']) assert.equal(wanted(on), 'h:1', on);
  for (const wrong of ['true', '1x', 'NaN', 'http://me:secret@h:1']) {
    assert.throws(() => wanted(wrong), { name: 'TypeError', message: 'GRPC_ARG_HTTP_PROXY must be a number: 1 to use the proxy variables, 0 to ignore them' });
  }
  // Where they do not count, they need not be right.
  assert.equal(proxyFor(undefined, { http_proxy: 'nonsense' }, 'a:1').proxy, null);
});

test('the option goes before the environment and its exceptions, both ways', () => {
  const env = { ...ON, http_proxy: 'http://env:1', no_proxy: 'a.example' };
  const of = (option, to = 'b.example:1') => proxyFor(option, env, to).proxy;
  assert.equal(of(undefined), 'env:1');
  assert.equal(of(null), 'env:1');
  assert.equal(of(false), null);
  assert.equal(of('http://option:2'), 'option:2');
  assert.equal(of('http://option:2', 'a.example:1'), 'option:2');
  assert.equal(of(undefined, 'a.example:1'), null);
  assert.equal(proxyFor('http://option:2', {}, 'a:1').proxy, 'option:2');
});

const BAD = {
  'https://me:secret@h:1': 'has the scheme https, and only http proxies are supported',
  'socks5://me:secret@h:1': 'has the scheme socks5, and only http proxies are supported',
  'me:secret@h:1': 'does not begin with http://',
  'h:3128': 'does not begin with http://',
  '10.0.0.1:3128': 'does not begin with http://',
  ' ': 'does not begin with http://',
  'http://': 'has no valid host and port',
  'http://me:secret@': 'has no valid host and port',
  'http://me:secret@:3128': 'has no valid host and port',
  'http://me:secret@h:x': 'has no valid host and port',
  'http://me:secret@h:65536': 'has no valid host and port',
  'http://me:secret@a b:1': 'has no valid host and port',
  'http://me:secret@[::1:1': 'has no valid host and port',
  'http://me:secret@h:0': 'has port 0',
  'http://me:secret%@h:1': 'has a user or password whose percent-encoding is not valid',
  'http://%zz:secret@h:1': 'has a user or password whose percent-encoding is not valid',
  'http://me:secret%E9@h:1': 'has a user or password whose percent-encoding is not valid',
};

test('a value that names no proxy is a TypeError that names variable or option, and not the password', () => {
  for (const [url, problem] of Object.entries(BAD)) {
    const expected = { name: 'TypeError', message: `grpc_proxy ${problem}: expected http://host:port or http://user:password@host:port` };
    assert.throws(() => decision({ grpc_proxy: url, http_proxy: 'http://h:1' }, 'a:1'), expected, url);
    assert.throws(() => proxyFor(url, {}, 'a:1'), { ...expected, message: expected.message.replace('grpc_proxy', 'client: option proxy') }, url);
    try {
      proxyFor(url, {}, 'a:1');
    } catch (error) {
      assert.ok(!require('node:util').inspect(error, { showHidden: true }).includes('secret'), url);
    }
  }
  for (const wrong of [true, 5, {}, new URL('http://me:secret@h:1')]) {
    assert.throws(() => proxyFor(wrong, {}, 'a:1'), /^TypeError: client: option proxy must be a URL such as http:\/\/10\.0\.0\.1:3128, or false for no proxy, not /);
  }
});

test('whatever a variable is, the result is a proxy, none or a TypeError that names it', () => {
  const pieces = fc.constantFrom('http:', 'http://', 'https://', '//', '@', ':', '%', '%41', '[', ']', '::1', 'h', 'a.b', '1', '99999', ' ', '\n', '#', '?', '/', '\\', '\0');
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.array(pieces, { maxLength: 9 }).map((parts) => parts.join('')));
  fc.assert(
    fc.property(text, target, (value, to) => {
      try {
        const { proxy } = proxyFor(undefined, { ...ON, http_proxy: value }, to);
        if (proxy !== null) assert.match(proxy, /^.+:[1-9][0-9]*$/);
      } catch (error) {
        assert.equal(error.name, 'TypeError');
        assert.match(error.message, /^http_proxy (has|does)/);
      }
    }),
    RUNS
  );
});
