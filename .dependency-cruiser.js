'use strict';

// The rooms of lib/ know those above them in this list, and none below. `npm run
// check` holds it; docs/architecture.md has the reasons.

const ROOMS = ['common', 'codec-runtime', 'codec', 'credentials', 'crossing', 'tls', 'observability', 'grpc', 'bus', 'dropin', 'cli'];

/** Neighbours that know nothing of each other, either way. */
const APART = [
  ['lib/dropin', 'lib/cli'],
  ['lib/grpc/client', 'lib/grpc/server'],
];

const below = (room) => ROOMS.slice(ROOMS.indexOf(room) + 1);
const among = (rooms) => `^lib/(${rooms.join('|')})/`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-loose-file', severity: 'error', comment: 'every file of lib/ is in one of the rooms', from: {}, to: { path: '^lib/', pathNot: among(ROOMS) } },
    { name: 'no-package', severity: 'error', comment: 'the package has no dependencies', from: { path: '^(lib|bin)/' }, to: { path: 'node_modules' } },
    { name: 'no-way-out', severity: 'error', comment: 'lib/ needs nothing of what is beside it', from: { path: '^lib/' }, to: { pathNot: '^lib/', dependencyTypesNot: ['core'] } },
    ...ROOMS.slice(0, -1).map((room) => ({
      name: `${room}-looks-up`,
      severity: 'error',
      from: { path: `^lib/${room}/` },
      to: { path: among(below(room)) },
    })),
    ...APART.flatMap(([one, other]) => [
      { name: 'apart', severity: 'error', from: { path: `^${one}/` }, to: { path: `^${other}/` } },
      { name: 'apart', severity: 'error', from: { path: `^${other}/` }, to: { path: `^${one}/` } },
    ]),
  ],
  options: {
    doNotFollow: { path: ['node_modules'] },
    exclude: { path: '^lib/codec/descriptors/' },
  },
};
