'use strict';

// Where etcd is: URLs and options. What needs an etcd is in __test__/etcd.

const assert = require('node:assert').strict;
const { test } = require('node:test');
const { inspect } = require('node:util');
const { connectBus } = require('../..');
const { busOptions } = require('../../lib/bus/config');
const { freePort } = require('../support/bus');
const { timeoutSignal } = require('../support/grpc/signals');

const read = (registry, etcd) => {
  const options = busOptions('t', { registry, etcd });
  return { ...options.etcd, password: options.etcd.password?.reveal() ?? null, registry: options.registry };
};

test('hosts, ports, prefix, user and password are read from the URL, the login from options where the URL has none', () => {
  const nobody = { user: null, password: null };
  for (const [url, etcd, expected] of /** @type {[string, any, any][]} */ ([
    ['etcd://a', undefined, { endpoints: ['a:2379'], prefix: '/owt-grpc', ...nobody, registry: 'etcd://a:2379/owt-grpc' }],
    ['etcd://a:1,[::1],10.0.0.1:3/x/y/', undefined, { endpoints: ['a:1', '[::1]:2379', '10.0.0.1:3'], prefix: '/x/y', ...nobody, registry: 'etcd://a:1,[::1]:2379,10.0.0.1:3/x/y' }],
    ['etcd://u:p%40%2Fw@a/x', { user: 'v', password: 'q' }, { endpoints: ['a:2379'], prefix: '/x', user: 'u', password: 'p@/w', registry: 'etcd://a:2379/x' }],
    ['etcd://a/x', { user: 'v', password: 'q' }, { endpoints: ['a:2379'], prefix: '/x', user: 'v', password: 'q', registry: 'etcd://a:2379/x' }],
  ])) assert.deepEqual(read(url, etcd), expected, url);
});

test('a bad URL or option is named, and no password is shown', () => {
  for (const [url, etcd, expected] of /** @type {[string, any, RegExp][]} */ ([
    ['etcd://', undefined, /option registry "etcd:\/\/" names no host/],
    ['etcd://u:secret@', undefined, /names no host/],
    ['etcds://u:secret@a', undefined, /must begin with etcd:\/\//],
    ['ETCD://u:secret@a', undefined, /must begin with etcd:\/\//],
    ['etcd://u:sec/ret@a', undefined, /%2F/],
    ['etcd://u:secret@a?x', undefined, /has a \?/],
    ['etcd://u:secret%@a', undefined, /percent-encoded/],
    ['etcd://u@a', undefined, /has a user for etcd and no password/],
    ['etcd://:secret@a', undefined, /has a password for etcd and no user/],
    ['etcd://a,,b', undefined, /comma without a host/],
    ['etcd://a:0', undefined, /"a:0" is not host:port/],
    ['etcd://a', { pasword: 'secret' }, /option pasword is not known/],
    ['etcd://a', { user: 'u', password: ['secret'] }, /option etcd.password must be a text/],
    ['etcd://a', { tls: { cert: 'x' } }, /option etcd: option tls.cert and tls.key belong together/],
  ])) {
    assert.throws(() => read(url, etcd), (error) => {
      assert.match(error.message, expected, url);
      assert.doesNotMatch(inspect(error), /sec\/?ret/, url);
      return true;
    });
  }
});

test('an etcd that is not there is waited for; one beyond this machine is not talked to in plaintext', async () => {
  const registry = `etcd://u:secret@127.0.0.1:${await freePort()}`;
  await assert.rejects(connectBus({ registry, signal: timeoutSignal(300) }), { name: 'TimeoutError', message: /no registry yet: / });
  await assert.rejects(connectBus({ registry: 'etcd://u:secret@203.0.113.1' }), (error) => {
    assert.match(error.message, /etcd is not on this machine.*OWT_GRPC_ETCD_CA.*OWT_GRPC_INSECURE=1/);
    return !error.message.includes('secret');
  });
});
