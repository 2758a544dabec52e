// Leads the tests outside this folder to the Playwright that is installed here.
export * from '@playwright/test';
