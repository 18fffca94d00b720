'use strict';

// docs/api.md as it grows: a heading for each declaration and each method, a
// table for what has members that are no functions.

const { line, saidOf, ts } = require('./declarations');

const HEAD = `# API reference

Made from the types by \`npm run docs\`: [index.d.ts](../index.d.ts), [grpcTools.d.ts](../lib/dropin/grpcTools.d.ts) and
[amqpClient.d.ts](../lib/dropin/amqpClient.d.ts). [grpc.md](grpc.md) and [bus.md](bus.md) explain; this page has every name.

Times are in ms, sizes in bytes. A function that returns a promise rejects with what is said to be thrown. Examples are parts of a program
that begins with these lines; what they print stands beside it:

<!-- test: docs/api -->
\`\`\`js
const { BusError, Metadata, RpcError, Server, TlsError, connectBus, createClient, currentTrace, metrics, reloadCredentials,
  serveMetrics, setLogger, setMaxBufferedBytes, setTracing, startRegistry, status, withTrace } = require('owt-grpc');
const grpcTools = require('owt-grpc/grpcTools');
const amqpClient = require('owt-grpc/amqpClient');

async function start() {
  const server = new Server();
  server.addService('webrtc', {
    async publish({ request }) {
      return { id: request.id };
    },
    async *listenToNotifications() {
      yield { type: 'webrtc', name: 'onMediaUpdate' };
    },
  });
  const port = await server.listen('127.0.0.1:0');
  const client = createClient('webrtc', \`127.0.0.1:\${port}\`);
  const bus = await connectBus();
  await bus.serve('calculator', { add: (a, b) => a + b });
  return { server, port, client, bus };
}
\`\`\`
`;

/** In a cell of a table. */
const cell = (text) => text.replace(/\s*\n\s*/g, ' ').replace(/\|/g, '\\|');
const code = (text) => `\`${text}\``;
const lowered = (name) => name.charAt(0).toLowerCase() + name.slice(1);

class Page {
  constructor() {
    /** @type {string[]} */
    this.parts = [HEAD];
    /** @type {string[]} */
    this.missing = [];
    /** Examples of the entry whose turn it is. @type {string[]} */
    this.shown = [];
    /** What it describes. @type {Set<string>} */
    this.names = new Set();
  }

  /** @param {string} what */
  lacks(what) {
    this.missing.push(what);
  }

  text() {
    if (this.missing.length > 0) throw new Error(`The reference cannot be made:\n  ${this.missing.join('\n  ')}`);
    return `${this.parts.join('\n').replace(/\n{3,}/g, '\n\n').trimEnd()}\n`;
  }

  /** @param {import('./groups').entries[0]} entry @param {string[]} examples all there are in it */
  entry({ name, about, groups }, examples) {
    this.shown = examples;
    this.names = new Set(groups.flatMap(({ names }) => names));
    this.parts.push(`\n## ${name}\n\n${about}\n`);
  }

  /** @param {string | null} title */
  group(title) {
    if (title !== null) this.parts.push(`\n### ${title}\n`);
  }

  /** @param {string} name @param {any} node */
  declaration(name, node) {
    if (node === undefined) return this.lacks(`groups.js: ${name} is not in the types`);
    const said = saidOf(node);
    this.parts.push(`\n#### ${name}\n`);
    if (said.text === '') this.lacks(`${name} has no description`);
    if (ts.isFunctionDeclaration(node)) return this.func(name, node, said, said.examples);
    const members = [...(node.members ?? [])].filter((member) => !isHidden(member));
    if (ts.isTypeAliasDeclaration(node) || ts.isVariableStatement(node)) this.code(node.getText().replace(/^export (declare )?/, ''));
    else if (node.heritageClauses) this.parts.push(`${node.heritageClauses.map((clause) => `extends ${clause.types.map((type) => this.type(type)).join(', ')}`).join(' ')}\n`);
    this.parts.push(`${said.text}\n`);
    this.examples(said);
    const functions = members.filter(isFunction);
    this.table(members.filter((member) => !isFunction(member)), name);
    for (const member of functions) this.method(name, member);
  }

  /** A member that is called, under the name that a variable of its kind would have. */
  method(owner, member) {
    const isConstructor = ts.isConstructorDeclaration(member);
    const isStatic = member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword);
    const name = isConstructor ? `new ${owner}` : `${isStatic ? owner : lowered(owner)}.${member.name.getText()}`;
    const said = saidOf(member);
    this.parts.push(`\n##### ${name}\n`);
    if (said.text === '') this.lacks(`${name} has no description`);
    this.func(name, member, said, this.shown);
  }

  /** @param {string[]} examples where it has to be used */
  func(name, node, said, examples) {
    this.code(line(node).replace(/^(export )?(declare )?(function )?/, '').replace(/;$/, ''));
    this.parts.push(`${said.text}\n`);
    const rows = node.parameters.map((parameter) => {
      const own = parameter.name.getText();
      const text = said.params.get(own);
      if (!text) this.lacks(`${name}: nothing is said of ${own}`);
      return `| ${code(own + (parameter.questionToken ? '?' : ''))} | ${this.type(parameter.type)} | ${cell(text ?? '')} |`;
    });
    for (const own of said.params.keys()) if (!node.parameters.some((parameter) => parameter.name.getText() === own)) this.lacks(`${name} has no parameter ${own}`);
    if (rows.length > 0) this.parts.push(['| parameter | type | |', '|---|---|---|', ...rows, ''].join('\n'));
    if (said.returns) this.parts.push(`Returns ${said.returns}.\n`);
    if (said.throws.length > 0) this.parts.push(`Throws ${said.throws.join('; ')}.\n`);
    this.examples(said);
    const called = name.split('.').pop();
    if (!examples.some((example) => new RegExp(`\\b${called}[(:]`).test(example))) this.lacks(`${name} is in no example`);
  }

  /** @param {any[]} members @param {string} owner */
  table(members, owner) {
    const rows = members.flatMap((member) => this.rows(member, '', owner));
    if (rows.length > 0) this.parts.push(['| member | type | |', '|---|---|---|', ...rows, ''].join('\n'));
  }

  /** A member, and those of an object that is described in its place. @returns {string[]} */
  rows(member, before, owner) {
    const { text } = saidOf(member);
    if (ts.isIndexSignatureDeclaration(member)) return [];
    const name = before + member.name.getText() + (member.questionToken ? '?' : '');
    if (text === '' && !isSelfEvident(member)) this.lacks(`${owner}: ${name} has no description`);
    const isList = member.type && ts.isArrayTypeNode(member.type);
    const inner = isList ? member.type.elementType : member.type;
    if (!inner || !ts.isTypeLiteralNode(inner) || isOnOneLine(inner)) return [`| ${code(name)} | ${this.type(member.type)} | ${cell(text)} |`];
    const parts = inner.members.flatMap((one) => this.rows(one, `${name}${isList ? '[]' : ''}.`, owner));
    return [`| ${code(name)} | ${isList ? 'list of objects' : 'object'} | ${cell(text)} |`, ...parts];
  }

  /** A type in a cell: it leads to where it is described. @param {any} node */
  type(node) {
    const text = line(node);
    return this.names.has(text) ? `[${code(text)}](#${text.toLowerCase()})` : code(cell(text));
  }

  code(text) {
    this.parts.push(`<!-- test: generated -->\n\`\`\`ts\n${text}\n\`\`\`\n`);
  }

  examples({ examples }) {
    for (const example of examples) this.parts.push(`<!-- test: docs/api -->\n\`\`\`js\n${example}\n\`\`\`\n`);
  }
}

const isFunction = (member) => ts.isMethodSignature(member) || ts.isMethodDeclaration(member) || ts.isConstructorDeclaration(member);

const isOnOneLine = (node) => !node.getText().includes('\n');
/** Where the names of all members are what there is to say. */
const isSelfEvident = (member) => isOnOneLine(member.parent) || (member.type && line(member.type).endsWith('.Service'));

/** What is for the compiler: symbols, and constructors that nobody may call. */
function isHidden(member) {
  if (member.name && ts.isComputedPropertyName(member.name)) return true;
  return member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword) ?? false;
}

module.exports = { Page };
