// Exports the Playwright of this folder's node_modules for the tests outside this folder.
export * from '@playwright/test';
