/** @import {Connection, ListedMonitor} from '../../types/model' */
/** @import {App} from '../app.js' */
/** @import {Action, Command} from './commands.js' */
/** @import {Entry} from './search.js' */
import Alpine from '../lib/alpine.js';
import { onDialogKey } from '../router.js';
import { actionsOf, commandsOf, goTo } from './commands.js';
import { describeCount, keyOf, newRow, patternOf, problemOf, textsOf } from './entries.js';
import { NameOrder, search, wordsOf } from './search.js';

const PLACEHOLDER = 'Go to a monitor or view, or type a command';

/**
 * The command palette: a search for monitors, views and commands. It also lists the actions on one monitor. It follows the
 * pattern of a combobox with a list box: the focus stays in the field, and aria-activedescendant names the active row.
 */
export class Palette {
  #app;
  #connection;
  #dialog;
  #input;
  #list;
  /** @type {Command[]} */
  #commands = [];
  /** @type {Action[]} */
  #actions = [];
  /** The id of the monitor whose actions are listed; empty if all monitors are searched. */
  #scope = '';
  /** The search to which the list of actions returns, and the row that was active. */
  #last = { query: '', active: '' };
  /** @type {Entry[]} */
  #entries = [];
  /** The key of the active row. */
  #active = '';
  /** The search of the shown rows. */
  #query = '';
  /** What the rows show. */
  #drawn = '';
  #order = new NameOrder();
  #stop = () => {};

  /**
   * @param {App} app
   * @param {() => Connection} connection
   * @param {HTMLDialogElement} dialog
   */
  constructor(app, connection, dialog) {
    this.#app = app;
    this.#connection = connection;
    this.#dialog = dialog;
    this.#input = /** @type {HTMLInputElement} */ (dialog.querySelector('input'));
    this.#list = /** @type {HTMLElement} */ (dialog.querySelector('ul'));
    dialog.addEventListener('close', () => this.#stop());
    dialog.addEventListener('keydown', (event) => this.#onKey(event));
    dialog.addEventListener('click', (event) => this.#onClick(event));
    this.#input.addEventListener('input', () => this.#update());
    this.#list.addEventListener('pointermove', ({ target }) => this.#activate(this.#at(target), false));
    // The focus stays in the field.
    this.#list.addEventListener('pointerdown', (event) => event.preventDefault());
  }

  /** Opens the palette. While it is open, it keeps the list of monitors up to date. */
  open() {
    const { monitors } = this.#app;
    this.#commands = commandsOf(this.#app);
    this.#actions = actionsOf(this.#app);
    this.#show('', '', '');
    const release = this.#canRead ? monitors.use() : () => {};
    const effect = Alpine.effect(() => this.#update());
    this.#stop = () => {
      Alpine.release(effect);
      release();
    };
    this.#dialog.showModal();
    this.#list.scrollTop = 0;
  }

  /** Closes the palette. The focus returns to where it was. */
  #close() {
    this.#dialog.close();
    this.#input.blur(); // Otherwise, the next key could still go to the hidden field.
  }

  get #canRead() {
    return this.#app.session?.canRead !== false;
  }

  /** @returns {ListedMonitor[]} all monitors, sorted by name as in the list */
  get #monitors() {
    const items = this.#canRead ? this.#app.monitors.state.items : [];
    return this.#order.sort(items);
  }

  /**
   * Shows a search of all monitors, or the actions on one.
   * @param {string} scope the id of a monitor; empty for a search of all
   * @param {string} query
   * @param {string} active the key of the active row; empty for the first one
   */
  #show(scope, query, active) {
    this.#scope = scope;
    this.#input.value = query;
    this.#query = query;
    this.#active = active;
  }

  /** Updates everything after an input, or when Alpine observes a change of the monitors or the connection. */
  #update() {
    const query = this.#input.value;
    if (query !== this.#query) {
      this.#query = query;
      this.#active = '';
    }
    const monitors = this.#monitors;
    const monitor = monitors.find(({ id }) => id === this.#scope);
    if (this.#scope && !monitor) {
      this.#leaveScope();
      return;
    }
    const result = monitor
      ? { entries: this.#actionsOn(monitor, query), found: 0 }
      : search(query, monitors, this.#commands, this.#actions);
    this.#entries = result.entries;
    this.#draw(monitor);
    this.#describe(monitor, result.found);
  }

  /**
   * @param {ListedMonitor} monitor
   * @param {string} query
   * @returns {Entry[]}
   */
  #actionsOn(monitor, query) {
    const words = wordsOf(query);
    return this.#actions
      .filter((action) => action.fits(monitor))
      .filter(({ name, words: names }) => {
        const text = [name.toLowerCase(), ...names].join(' ');
        return words.every((word) => text.includes(word));
      })
      .map((action) => ({ monitor, action }));
  }

  /**
   * Draws the rows, unless they are the same as before: a click on a row that is replaced would be lost.
   * @param {ListedMonitor | undefined} monitor whose actions are listed
   */
  #draw(monitor) {
    const words = monitor ? [] : wordsOf(this.#query);
    const texts = this.#entries.map((entry) => textsOf(entry, words, monitor !== undefined));
    const drawn = JSON.stringify([this.#scope, words, texts, this.#entries.map(keyOf)]);
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      const pattern = patternOf(words);
      this.#list.replaceChildren(...texts.map((text, i) => newRow(text, i, pattern)));
    }
    this.#activate(
      Math.max(
        0,
        this.#entries.findIndex((entry) => keyOf(entry) === this.#active),
      ),
      true,
    );
  }

  /**
   * Makes a row the active one.
   * @param {number} index of a row; nothing happens without such a row
   * @param {boolean} scroll whether to scroll to it
   */
  #activate(index, scroll) {
    const row = this.#list.children[index];
    this.#input.ariaExpanded = String(this.#entries.length > 0);
    if (!row) {
      if (this.#entries.length === 0) {
        this.#input.removeAttribute('aria-activedescendant');
      }
      return;
    }
    this.#list.querySelector('[aria-selected=true]')?.setAttribute('aria-selected', 'false');
    row.ariaSelected = 'true';
    this.#active = keyOf(this.#entries[index]);
    this.#input.setAttribute('aria-activedescendant', row.id);
    if (scroll) {
      row.scrollIntoView({ block: 'nearest' });
    }
  }

  /**
   * Describes what the rows are, and what is wrong.
   * @param {ListedMonitor | undefined} monitor
   * @param {number} found
   */
  #describe(monitor, found) {
    const { loaded, error } = this.#app.monitors.state;
    const scope = /** @type {HTMLElement} */ (this.#dialog.querySelector('.scope'));
    this.#dialog.classList.toggle('with-scope', monitor !== undefined);
    scope.textContent = monitor?.name ?? '';
    this.#input.placeholder = monitor ? 'Choose an action' : PLACEHOLDER;
    this.#input.ariaLabel = monitor ? `Actions on ${monitor.name}` : 'Search monitors, views and commands';
    const problem = /** @type {HTMLElement} */ (this.#dialog.querySelector('.problem'));
    problem.textContent = problemOf(this.#connection(), this.#canRead, loaded, error);
    problem.hidden = problem.textContent === '';
    const shown = this.#entries.filter((entry) => entry.monitor && !entry.action).length;
    const isLoading = this.#canRead && !loaded && !error;
    const status = /** @type {HTMLElement} */ (this.#dialog.querySelector('.status'));
    const text = isLoading ? 'Loading monitors…' : describeCount(this.#entries.length, monitor ? 0 : found, shown);
    if (status.textContent !== text) {
      status.textContent = text;
    }
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    onDialogKey(event, (dialog) => dialog === 'palette' && this.#close());
    event.stopPropagation();
    const { ctrlKey, metaKey, altKey, shiftKey, key } = event;
    if (event.isComposing || ctrlKey || metaKey || altKey) {
      return;
    }
    const { value, selectionStart } = this.#input;
    const index = this.#entries.findIndex((entry) => keyOf(entry) === this.#active);
    const last = this.#entries.length - 1;
    const handle = {
      ArrowDown: () => this.#activate(index === last ? 0 : index + 1, true),
      ArrowUp: () => this.#activate(index <= 0 ? last : index - 1, true),
      Enter: () => this.#run(index),
      Tab: () => (shiftKey ? this.#leaveScope() : this.#enterScope(index)),
      ArrowRight: selectionStart === value.length ? () => this.#enterScope(index) : undefined,
      Backspace: this.#scope && value === '' ? () => this.#leaveScope() : undefined,
      Escape: () => (this.#scope ? this.#leaveScope() : this.#close()),
    }[key];
    if (handle) {
      event.preventDefault();
      handle();
    }
  }

  /** @param {MouseEvent} event */
  #onClick({ target }) {
    const index = this.#at(target);
    if (target === this.#dialog) {
      this.#close();
    } else if (/** @type {Element} */ (target).closest('.more')) {
      this.#enterScope(index);
    } else if (/** @type {Element} */ (target).matches('.scope')) {
      this.#leaveScope();
    } else if (index >= 0) {
      this.#run(index);
    }
  }

  /**
   * Returns the index of the row that contains an element; -1 if there is none.
   * @param {EventTarget | null} element
   */
  #at(element) {
    const row = /** @type {HTMLElement | null} */ (/** @type {Element} */ (element).closest('[role=option]'));
    return Number(row?.dataset.index ?? -1);
  }

  /** @param {number} index of the row whose monitor's actions to list */
  #enterScope(index) {
    const { monitor, action } = this.#entries[index] ?? {};
    if (monitor && !action) {
      this.#last = { query: this.#input.value, active: this.#active };
      this.#show(monitor.id, '', '');
      this.#update();
    }
  }

  #leaveScope() {
    if (this.#scope) {
      this.#show('', this.#last.query, this.#last.active);
      this.#update();
    }
  }

  /** @param {number} index of a row */
  #run(index) {
    const entry = this.#entries[index];
    if (!entry) {
      return;
    }
    this.#close();
    if (!entry.monitor) {
      entry.command.run();
    } else if (entry.action) {
      entry.action.run(entry.monitor);
    } else {
      goTo(`#monitor/${entry.monitor.id}`);
    }
  }
}
