// Exports the ESLint of this folder's node_modules for the tests outside this folder.
export { Linter } from 'eslint';
