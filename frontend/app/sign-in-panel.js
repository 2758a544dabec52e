/** @import {App} from './app.js' */
/** @import {Session} from './sign-in.js' */

/**
 * Creates the data of the sign-in buttons and dialog.
 * @param {App} app
 * @param {Session} session
 */
export function newPanel(app, session) {
  return {
    state: session.state,

    /** Reports the outcome of a sign-in that just finished, and asks for a sign-in whenever an action needs one. */
    init() {
      session.onRequired = () => this.ask();
      document.addEventListener('click', (event) => this.blockWrites(event), { capture: true });
      if (session.error) {
        app.notify(session.error, 'failed');
      } else if (session.canWrite && session.hasDraft) {
        app.notify('You are signed in again. Your unsaved changes are back.');
      }
    },

    /** @returns {HTMLDialogElement} */
    get dialog() {
      return /** @type {any} */ (document.getElementById('sign-in'));
    },

    ask() {
      if (!this.dialog.open) {
        this.dialog.showModal();
      }
    },

    /**
     * Cancels a click on an element with data-writes and asks for a sign-in, unless the user is signed in.
     * @param {Event} event
     */
    blockWrites(event) {
      const element = /** @type {Element} */ (event.target);
      if (!session.canWrite && element.closest('[data-writes]')) {
        event.preventDefault();
        event.stopPropagation();
        this.ask();
      }
    },

    async begin() {
      const { unsaved } = app;
      const draft = unsaved() ? app.draft() : null;
      app.unsaved = () => false;
      try {
        await session.signIn(draft);
      } catch {
        app.unsaved = unsaved;
        app.notify('Could not reach the sign-in provider. Try again later.', 'failed');
      }
    },

    end: () => session.signOut(),
  };
}
