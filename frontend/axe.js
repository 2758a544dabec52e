// Exports the axe-core of this folder's node_modules for the tests outside this folder.
export { AxeBuilder } from '@axe-core/playwright';
