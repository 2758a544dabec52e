// Leads the tests outside this folder to the axe-core that is installed here.
export { AxeBuilder } from '@axe-core/playwright';
