'use strict';

// Preloaded (`--require`) into a process that is to be another user's: OWT_TEST_UID
// says whose. Only root can start one.

const uid = Number(process.env.OWT_TEST_UID);
process.setgroups([]);
process.setgid(uid);
process.setuid(uid);
