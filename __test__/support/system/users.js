'use strict';

// Other users of this machine, as processes see them: by number, without a home.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

/** Of nobody's, on any system. */
const STRANGER = 54_321;

/** For tests that need another user: why they are skipped. */
const needsRoot = process.geteuid?.() !== 0 && 'only root can start processes of another user';

/** The environment of a process that is another user's from its first line on. */
const as = (uid, env = {}) => ({ ...env, OWT_TEST_UID: String(uid), NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --require ${path.join(__dirname, 'as-user.js')}` });

/** A folder like /tmp: everybody makes files there, and removes only their own. */
function sharedFolder(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'owt-grpc-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  fs.chmodSync(folder, 0o1777);
  return folder;
}

module.exports = { STRANGER, as, needsRoot, sharedFolder };
