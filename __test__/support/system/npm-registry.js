'use strict';

// A registry of npm packages in memory, on this machine: what `npm publish` puts
// into it, `npm install` gets by name. It runs as a program of its own, because
// tests wait for npm without letting their event loop turn, and prints its URL.

const http = require('node:http');

/** @type {Map<string, any>} what npm knows of a package, by its name */
const packages = new Map();
/** @type {Map<string, Buffer>} by the path of its URL */
const tarballs = new Map();

function publish(name, sent) {
  const known = packages.get(name) || { ...sent, versions: {}, _attachments: undefined };
  const again = Object.keys(sent.versions).find((version) => known.versions[version]);
  if (again !== undefined) return [403, { error: `${name} ${again} is published already` }];
  Object.assign(known.versions, sent.versions);
  Object.assign(known['dist-tags'], sent['dist-tags']);
  packages.set(name, known);
  for (const [file, { data }] of Object.entries(sent._attachments)) tarballs.set(`/${name}/-/${file}`, Buffer.from(data, 'base64'));
  return [201, { ok: true }];
}

/** @returns {[number, object | Buffer]} */
function answer(method, path, body) {
  const name = path.slice(1);
  if (method === 'PUT') return publish(name, JSON.parse(body));
  if (tarballs.has(path)) return [200, tarballs.get(path)];
  if (packages.has(name)) return [200, packages.get(name)];
  return [404, { error: `${name} is not in this registry` }];
}

const server = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const [status, content] = answer(request.method, decodeURIComponent(request.url.split('?')[0]), Buffer.concat(parts).toString());
    response.statusCode = status;
    if (!Buffer.isBuffer(content)) response.setHeader('content-type', 'application/json');
    response.end(Buffer.isBuffer(content) ? content : JSON.stringify(content));
  });
});

server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
// Whoever started it has ended.
process.stdin.resume().once('end', () => process.exit());
