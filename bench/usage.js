'use strict';

const fs = require('node:fs');

/** CPU seconds a process has used, and the memory it holds, from Linux's /proc. */
function usage(pid) {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 13).map(Number);
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  // The kernel counts in hundredths of a second.
  return { cpu: (user + system) / 100, rss: Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024 };
}

/** CPU seconds of a process's threads that live, to the microsecond: for those that do little. */
function threadsCpu(pid) {
  let nanoseconds = 0;
  for (const thread of fs.readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(fs.readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  }
  return nanoseconds / 1e9;
}

module.exports = { threadsCpu, usage };
