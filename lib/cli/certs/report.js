'use strict';

// What `owt-grpc certs` says: for a shell on stdout, for people on stderr.

const { STORE } = require('../../credentials/store');
const { RULES, quoted } = require('./by-role');

/** Not in the store that modules read: it goes to every one of their folders. */
const CA_STORE = '.owt.castore';

/**
 * @param {{ folder: string, hosts: string[], days: number, newCa: boolean, variables: Record<string, string> }} result
 * @param {boolean} json
 */
function report(result, json) {
  const { folder, hosts, days, newCa, variables } = result;
  if (json) {
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    return;
  }
  process.stderr.write(`Made in ${folder}: ${newCa ? 'a CA, and ' : ''}pairs for ${hosts.join(', ')}, valid for ${days} days.
Modules read the passphrases from ${STORE} of the folder they start in: copy it there.${newCa ? ` Keep ca.key and ${CA_STORE} to yourself.` : ''}
They are told by these variables:
`);
  for (const [name, value] of Object.entries(variables)) process.stdout.write(`export ${name}=${quoted(value)}\n`);
}

/**
 * @param {{ folder: string, hosts: string[], days: number, newCa: boolean, rules: string, newRules: boolean, roles: Record<string, Record<string, string>> }} result
 * @param {boolean} json
 */
function reportRoles(result, json) {
  const { folder, hosts, days, newCa, rules, newRules, roles } = result;
  if (json) {
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    return;
  }
  process.stderr.write(`Made in ${folder}: ${newCa ? 'a CA, and ' : ''}a pair for each role in a folder of its own, for ${hosts.join(', ')}, valid for ${days} days.
A module is given its own folder only, with ca.crt and ${RULES}: it is told where they are by the variables in variables.sh
there, and reads the passphrases from ${STORE}, which goes into the folder that it starts in.${newCa ? ` Keep ca.key and ${CA_STORE} to yourself.` : ''}
${newRules ? `${rules} says what each may do.` : `${rules} was there, and stays as it is: --force makes it anew.`} The roles are
`);
  process.stdout.write(`${Object.keys(roles).join('\n')}\n`);
}

module.exports = { CA_STORE, report, reportRoles };
