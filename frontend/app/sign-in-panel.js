/** @import {App} from './app.js' */
/** @import {Session} from './sign-in.js' */

/**
 * What the frame shows of the session, and what the reader can do there.
 * @param {App} app
 * @param {Session} session
 */
export function newPanel(app, session) {
  return {
    state: session.state,

    /** Tells how the sign-in went that the page comes from, and asks for one when it is needed. */
    meet() {
      session.onWanted = () => this.ask();
      document.addEventListener('click', (event) => this.guard(event), { capture: true });
      if (session.fault) {
        app.notify(session.fault, 'failed');
      } else if (session.canWrite && session.hasDraft) {
        app.notify('You are signed in again. What you had typed is back, and not saved yet.');
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
     * Catches what would change something while nobody is signed in.
     * @param {Event} event
     */
    guard(event) {
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
        app.notify('The sign-in provider can’t be reached. Try again in a while.', 'failed');
      }
    },

    end: () => session.signOut(),
  };
}
