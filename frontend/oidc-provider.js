// Exports the oidc-provider of this folder's node_modules for the tests outside this folder.
// @ts-expect-error The package has no types.
export { default as Provider } from 'oidc-provider';
