import js from '@eslint/js';
import esx from 'eslint-plugin-es-x';
import node from 'eslint-plugin-n';
import globals from 'globals';

// What users run, and the tests, run as they are on every version that `engines`
// in package.json names. The rules of `n` know which version brought a module's
// function or a global; those of `es-x` which edition brought syntax and methods.
const RUNS_EVERYWHERE = ['index.js', 'index.mjs', 'bin/**', 'lib/**', 'examples/**', 'bench/**', 'scripts/api-reference/**', '__test__/**'];

// What an older Node.js reads until it is told that it is too old.
const READ_BY_OLDER = ['index.js', 'bin/owt-grpc.js', 'lib/common/compat/node-version.js', 'lib/dropin/amqpClient.js', 'lib/dropin/grpcTools.js'];

const TEST_RUNNER = ['test', ...['after', 'afterEach', 'before', 'beforeEach', 'describe', 'it', 'mock', 'test'].map((name) => `test.${name}`)];

// Names that arrays and others have, too. Of lib/, tsc knows what a method is called on.
const AMBIGUOUS = Object.keys(esx.rules).filter((rule) => /^no-iterator-prototype-|-prototype-(at|with)$|^no-resizable/.test(rule));

export default [
  { ignores: ['lib/codec/', 'target/', 'bench/native/target/'] },
  js.configs.recommended,
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: {
      ecmaVersion: 2022,
      sourceType: 'commonjs',
      globals: globals.node,
    },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-var': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
      // Emitters and native handles are used by their effect.
      'no-empty': ['error', { allowEmptyCatch: false }],
    },
  },
  { files: ['**/*.mjs'], languageOptions: { sourceType: 'module' } },
  { ...esx.configs['flat/restrict-to-es2020'], files: RUNS_EVERYWHERE },
  {
    files: RUNS_EVERYWHERE,
    plugins: { n: node },
    settings: {
      // Methods are known by their name alone, whatever they are called on.
      'es-x': { aggressive: true },
    },
    rules: {
      'n/no-unsupported-features/es-builtins': 'error',
      'n/no-unsupported-features/es-syntax': ['error', { ignores: ['modules', 'array-prototype-with', 'array-string-prototype-at', 'resizable-and-growable-arraybuffers'] }],
      'n/no-unsupported-features/node-builtins': ['error', { allowExperimental: true }],
      'no-restricted-syntax': ['error', { selector: "CallExpression[callee.property.name='at']", message: 'Node.js 14 has no at().' }],
      // On Node.js 14 they are missing, or there only behind a flag.
      'no-restricted-globals': ['error', 'AbortController', 'AbortSignal', 'DOMException', 'Event', 'EventTarget', 'fetch', 'performance', 'structuredClone'],
      // Newer than ES2020 and known to Node.js 14.18.
      'es-x/no-class-instance-fields': 'off',
      'es-x/no-class-private-fields': 'off',
      'es-x/no-class-private-methods': 'off',
      'es-x/no-class-static-fields': 'off',
      'es-x/no-numeric-separators': 'off',
      'es-x/no-top-level-await': 'off',
      'es-x/no-weakrefs': 'off',
      'es-x/no-hashbang': 'off',
      ...Object.fromEntries(AMBIGUOUS.map((rule) => [`es-x/${rule}`, 'off'])),
    },
  },
  { files: READ_BY_OLDER, languageOptions: { ecmaVersion: 2018 } },
  {
    // Before Node.js 18 the test runner comes from npm: scripts/testing has how.
    files: ['__test__/**'],
    rules: {
      'n/no-unsupported-features/node-builtins': ['error', { allowExperimental: true, ignores: TEST_RUNNER }],
    },
  },
];
