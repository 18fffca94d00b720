#!/usr/bin/env node
'use strict';

const { unsupported } = require('../lib/common/compat/node-version');

const why = unsupported(process.versions.node);
if (why === '') {
  const { main } = require('../lib/cli/support/main');
  main(process.argv.slice(2)).then((code) => {
    process.exitCode = code;
  });
} else {
  console.error(why);
  process.exitCode = 1;
}
