import js from '@eslint/js';
import globals from 'globals';

export default [
  { ignores: ['**/node_modules/', 'frontend/app/lib/', 'frontend/packed/', 'frontend/test-results/'] },
  js.configs.recommended,
  {
    rules: {
      eqeqeq: 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'prefer-const': 'error',
    },
  },
  { files: ['frontend/app/**'], languageOptions: { globals: globals.browser } },
  {
    files: ['frontend/app/worker.js'],
    languageOptions: { sourceType: 'script', globals: globals.serviceworker },
  },
  {
    files: ['api/*.mjs', 'frontend/*.js', 'frontend/scripts/**', 'scripts/**'],
    languageOptions: { globals: globals.node },
  },
  {
    files: ['tests/browser/**'],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
    // Playwright reads from the parameter which fixtures a test needs.
    rules: { 'no-empty-pattern': ['error', { allowObjectPatternsAsParameters: true }] },
  },
];
