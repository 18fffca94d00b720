'use strict';

// Listens to the diagnostics channels, and reads Prometheus's text format.

const assert = require('node:assert').strict;
const diagnostics = require('node:diagnostics_channel');
const { hasOwn } = require('../../lib/common/compat/objects');

const ROLES = ['client.call', 'server.call', 'bus.call', 'bus.request'];

/**
 * What is published until the test is over: the objects, by role and end.
 *
 * @param {import('node:test').TestContext} t
 */
function listen(t) {
  const seen = Object.fromEntries(ROLES.map((role) => [role, { start: [], end: [] }]));
  for (const role of ROLES) {
    for (const end of ['start', 'end']) {
      const onMessage = (message) => seen[role][end].push(message);
      const channel = diagnostics.channel(`owt-grpc:${role}.${end}`);
      channel.subscribe(onMessage);
      t.after(() => channel.unsubscribe(onMessage));
    }
  }
  return seen;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)/y;

/** @param {string} text */
function labelsOf(text) {
  const labels = {};
  LABEL.lastIndex = 0;
  let at = 0;
  while (at < text.length) {
    const match = LABEL.exec(text);
    assert.ok(match, `labels {${text}} at ${at}`);
    const [, name, value] = match;
    assert.ok(!hasOwn(labels, name), `label ${name} twice`);
    labels[name] = value.replace(/\\([\\"n])/g, (_, letter) => (letter === 'n' ? '\n' : letter));
    at = LABEL.lastIndex;
  }
  return labels;
}

/**
 * The families of a text of the format 0.0.4. Strict: each family once, with its
 * help and type before all of its samples, no sample twice, histograms that add up.
 *
 * @param {string} text
 */
function parse(text) {
  const families = new Map();
  assert.ok(text === '' || text.endsWith('\n'), 'the last line ends');
  let current = null;
  for (const line of text.split('\n').slice(0, -1)) {
    const help = new RegExp(`^# HELP (${NAME}) (.+)$`).exec(line);
    const type = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`).exec(line);
    if (help) {
      assert.ok(!families.has(help[1]), `${help[1]} twice`);
      current = { name: help[1], help: help[2], type: '', samples: [] };
      families.set(current.name, current);
    } else if (type) {
      assert.equal(type[1], current?.name, line);
      assert.equal(current.samples.length, 0, line);
      current.type = type[2];
    } else {
      const sample = SAMPLE.exec(line);
      assert.ok(sample, `no sample: ${line}`);
      const suffixes = current.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      assert.ok(suffixes.some((suffix) => sample[1] === current.name + suffix), `${line} in ${current.name}`);
      const value = sample[3] === '+Inf' ? Infinity : Number(sample[3]);
      assert.ok(!Number.isNaN(value), line);
      if (current.type === 'counter') assert.ok(current.name.endsWith('_total') && value >= 0, line);
      current.samples.push({ name: sample[1], labels: labelsOf(sample[2] ?? ''), value });
    }
  }
  for (const family of families.values()) check(family);
  return families;
}

function check({ name, type, samples }) {
  assert.ok(type, `${name} has a type`);
  assert.ok(samples.length > 0, `${name} has samples`);
  const keys = samples.map((sample) => JSON.stringify([sample.name, Object.entries(sample.labels).sort()]));
  assert.equal(new Set(keys).size, keys.length, `${name}: a sample is there twice`);
  if (type !== 'histogram') return;
  const series = new Map();
  for (const { name: part, labels: { le, ...labels }, value } of samples) {
    const key = JSON.stringify(labels);
    const one = series.get(key) ?? series.set(key, { buckets: [] }).get(key);
    if (part.endsWith('_bucket')) one.buckets.push([le === '+Inf' ? Infinity : Number(le), value]);
    else one[part.slice(name.length + 1)] = value;
  }
  for (const [key, { buckets, sum, count }] of series) {
    buckets.forEach(([bound, value], n) => {
      assert.ok(n === 0 || (bound > buckets[n - 1][0] && value >= buckets[n - 1][1]), `${name} ${key} le ${bound}`);
    });
    assert.deepEqual(buckets.slice(-1)[0], [Infinity, count], `${name} ${key}`);
    assert.ok(sum >= 0);
  }
}

/**
 * The value of one sample, 0 if it is not there.
 *
 * @param {Map<string, any>} families
 * @param {string} name
 * @param {Record<string, string>} [labels] those that count
 */
function value(families, name, labels = {}) {
  const all = [...families.values()].flatMap(({ samples }) => samples).filter((sample) => sample.name === name);
  const wanted = all.filter((sample) => Object.entries(labels).every(([label, text]) => sample.labels[label] === text));
  return wanted.reduce((sum, sample) => sum + sample.value, 0);
}

module.exports = { listen, parse, value };
