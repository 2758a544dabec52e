// Leads the tests outside this folder to the oidc-provider that is installed here.
// @ts-expect-error It has no types.
export { default as Provider } from 'oidc-provider';
