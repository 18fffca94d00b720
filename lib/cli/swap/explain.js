'use strict';

// Why there is nothing to swap or to undo in a folder, and where there is.

const fs = require('node:fs');
const path = require('node:path');
const { unsupported } = require('../../common/compat/node-version');
const { lastOf } = require('../../common/compat/objects');
const { JOURNAL, find } = require('./find');
const { folderOf } = require('./journal');
const { isShim } = require('./known');
const { locked } = require('./lock');

/**
 * @param {string} root
 * @param {import('./find').Found} found
 */
function explainNothing(root, { isOld, links }) {
  if (isOld) return `${root} is OWT 4, whose amqp_client.js has no replacement; amqpClient.js came with OWT 5`;
  if (links.length > 0) return `${root} has links to modules only (${links.map((link) => path.basename(link)).join(', ')}): swap the folders that they lead to`;
  if (usesShared(root)) {
    return `${root} is a module of a checkout, which gets amqpClient.js and grpcTools.js when it is packed: swap the checkout, or the packed module`;
  }
  return `${root} is no OWT: no amqpClient.js or grpcTools.js is in it. The folder is an installation, a checkout, or a module`;
}

/** @param {string} root */
function usesShared(root) {
  const file = path.join(root, 'dist.json');
  return fs.existsSync(file) && /\b(amqpClient|grpcTools)\.js"/.test(fs.readFileSync(file, 'utf8'));
}

/**
 * @param {string} root without a journal
 * @returns {string | null} null if it was never swapped
 */
function explainNothingToUndo(root) {
  const { modules, shared } = find(root);
  const swapped = [...shared, ...modules.flatMap(({ files }) => files)].filter(({ file, surface }) => fs.existsSync(file) && isShim(surface, fs.readFileSync(file)));
  if (swapped.length === 0) return null;
  const above = foldersAbove(root).find((folder) => fs.existsSync(folderOf(folder)));
  if (above !== undefined) return `${root} was swapped as a part of ${above}: undo it there`;
  return `${path.relative(root, swapped[0].file)} is swapped, and ${root} has no ${JOURNAL} with its original: if it was packed from a checkout, undo it there and pack again`;
}

/** @param {string} root */
function foldersAbove(root) {
  /** @type {string[]} */
  const folders = [];
  for (let one = path.dirname(root); one !== lastOf(folders); one = path.dirname(one)) folders.push(one);
  return folders;
}

/**
 * Removes what a run has left that was cut off before it changed anything, or
 * after it had put everything back.
 *
 * @param {string} root
 */
function clean(root) {
  if (fs.existsSync(folderOf(root))) locked(root, () => fs.rmSync(folderOf(root), { recursive: true, force: true }));
}

/**
 * OWT's daemon.sh starts modules with the one version of Node.js that the
 * installation's package.json names.
 *
 * @param {string} root
 * @returns {string[]}
 */
function nodeNote(root) {
  try {
    const node = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).engine?.node;
    const [major, minor] = String(node).split('.').map(Number);
    // Of a major alone, the newest is meant: that of 14 is new enough.
    if (!(major < 16) || unsupported(`${major}.${minor ?? 99}.0`) === '') return [];
    return [`package.json asks for Node.js ${node}, which OWT's bin/daemon.sh insists on; owt-grpc needs 14.18 or a later 14, or 16 or newer: set "engine" to the version that you use`];
  } catch {
    return [];
  }
}

module.exports = { clean, explainNothing, explainNothingToUndo, nodeNote };
