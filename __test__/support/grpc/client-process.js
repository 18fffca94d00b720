'use strict';

// A client that listens until it is killed: node client-process.js PORT

const { ours } = require('./peers');

ours.client('webrtc', process.argv[2]).listenToNotifications({}).on('error', () => {}).resume();
