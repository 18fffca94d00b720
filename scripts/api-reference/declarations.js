'use strict';

// Reads a .d.ts: what it declares, with what is said of it.

const fs = require('node:fs');
const ts = require('typescript');

/**
 * What is written of a declaration or a member.
 *
 * @typedef {object} Said
 * @property {string} text
 * @property {Map<string, string>} params
 * @property {string} returns
 * @property {string[]} throws
 * @property {string[]} examples
 */

/** @param {string | ts.NodeArray<ts.JSDocComment> | undefined} comment */
const textOf = (comment) => linked(ts.getTextOfJSDocComment(comment) ?? '').trim();

/** `{@link status}` and `{@link Server.setHealth}` lead to where these are. */
const linked = (text) => text.replace(/\{@link (\w+)(?:\.(\w+))?\s*\}/g, (_, name, member) => `[\`${member ?? name}\`](#${name.toLowerCase()})`);

/** @param {ts.Node} node @returns {Said} */
function saidOf(node) {
  /** @type {Said} */
  const said = { text: '', params: new Map(), returns: '', throws: [], examples: [] };
  for (const part of ts.getJSDocCommentsAndTags(node)) {
    if (ts.isJSDoc(part)) said.text = textOf(part.comment);
  }
  for (const tag of ts.getJSDocTags(node)) {
    const text = textOf(tag.comment);
    if (ts.isJSDocParameterTag(tag)) said.params.set(tag.name.getText(), text);
    else if (ts.isJSDocReturnTag(tag)) said.returns = text;
    else if (ts.isJSDocThrowsTag(tag)) said.throws.push(text.replace(/\b(Rpc|Bus|Tls)Error\b/g, (name) => `[\`${name}\`](#${name.toLowerCase()})`));
    else if (tag.tagName.text === 'example') said.examples.push(text);
    else throw new Error(`@${tag.tagName.text} of ${node.getText().slice(0, 40)} is not known to scripts/api-reference`);
  }
  return said;
}

/** Source on one line, without comments. @param {ts.Node} node */
const line = (node) => printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()).replace(/\s+/g, ' ').trim();
const printer = ts.createPrinter({ removeComments: true });

/**
 * @param {string} file
 * @returns {Map<string, ts.Node>} what it exports, by name
 */
function declarationsOf(file) {
  const source = ts.createSourceFile(file, fs.readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  /** @type {Map<string, any>} */
  const declarations = new Map();
  // `export = amqpClient` exports what its types name, too.
  const isWhole = source.statements.some((statement) => ts.isExportAssignment(statement));
  for (const statement of source.statements) {
    const isExported = ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (!isExported && !isWhole) continue;
    if (ts.isVariableStatement(statement)) declarations.set(statement.declarationList.declarations[0].name.getText(), statement);
    else if (/** @type {any} */ (statement).name) declarations.set(/** @type {any} */ (statement).name.getText(), statement);
  }
  return declarations;
}

/** The examples of a declaration and of its members. @param {any} node @returns {string[]} */
const examplesOf = (node) => [node, ...(node.members ?? [])].flatMap((one) => saidOf(one).examples);

module.exports = { declarationsOf, examplesOf, line, saidOf, ts };
