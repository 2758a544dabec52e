import Alpine from './lib/alpine.js';

/**
 * Error messages by the name of the field.
 * @typedef {Record<string, string>} FieldErrors
 */

const INPUT = 'input, select, textarea';
const GROUP = 'fieldset, [role=group]';

/** The fields of a form: the markup of each one, its error message, and a summary of all errors beside the buttons. */
export function newFieldErrors() {
  return {
    /** @type {FieldErrors} */
    byField: {},
    summary: '',

    /**
     * Returns the x-bind object of a field. The field contains a control, and may contain a label, a `<p class="help">` and
     * a `<p class="field-error">`. Their markup needs no ids and no ARIA attributes: this object sets them, and shows the
     * error. In a field that is a group, such as a fieldset of radio buttons, the group is the control.
     * @param {string} name
     */
    field(name) {
      const error = () => this.at(name);
      return {
        'data-field': name,
        ':class': () => ({ invalid: error() !== '' }),
        /** @this {{$el: HTMLElement}} */
        'x-init'() {
          const { $el } = this;
          queueMicrotask(() => connect($el, name, error)); // After Alpine has rendered the templates in the field.
        },
      };
    },

    clear() {
      this.byField = {};
      this.summary = '';
    },

    /**
     * Returns the message of a field with a capital letter at the start, or an empty string.
     * @param {string} field
     */
    at(field) {
      const text = this.byField[field] ?? '';
      return text.charAt(0).toUpperCase() + text.slice(1);
    },

    /**
     * Replaces all messages, except that of the rule, and moves the focus to the first invalid field.
     * @param {FieldErrors} errors
     */
    show(errors) {
      this.byField = { rule: this.byField.rule ?? '', ...errors };
      this.summary = 'Please fix the highlighted fields.';
      Alpine.nextTick(() => focusField(document.querySelector('[data-field].invalid')));
    },

    /**
     * Clears the message of a field whose value changes. The rule keeps its message until the API has checked it.
     * @param {HTMLElement} target the changed input
     */
    onInput(target) {
      const field = fieldOf(target);
      if (field !== 'rule') {
        delete this.byField[field];
      }
      this.summary = '';
    },

    /**
     * Shows the error of a field when the focus leaves it, not when it moves to another input of the field. A missing value is not reported yet. When the focus moves to
     * Save or Run check nothing is shown, so that the button does not move under the pointer: both validate all fields.
     * @param {FocusEvent} event
     * @param {FieldErrors} errors the current errors of the form
     */
    onFocusOut({ target, relatedTarget }, errors) {
      const field = fieldOf(/** @type {HTMLElement} */ (target));
      const text = errors[field] ?? '';
      const next = relatedTarget instanceof HTMLElement ? relatedTarget : null;
      const submitting = next?.closest('.foot, .check');
      const staying = next?.matches(INPUT) && fieldOf(next) === field;
      if (text && !submitting && !staying && !text.startsWith('missing ')) {
        this.byField[field] = text;
      }
    },
  };
}

/**
 * Connects the parts of a field, so that screen readers read its label, help and error with its control.
 * @param {HTMLElement} field
 * @param {string} name
 * @param {() => string} error
 */
function connect(field, name, error) {
  const control = field.matches(GROUP) ? field : field.querySelector(`${INPUT}, ${GROUP}`);
  // A help text with an id or a role belongs to only a part of the field.
  const help = field.querySelector(':scope > .help:not([id], [role])');
  const message = field.querySelector('.field-error');
  const label = field.querySelector('label');
  describe(control, help, `${name}-help`);
  describe(control, message, `${name}-error`);
  if (message) {
    bind(message, { 'aria-live': 'polite', 'x-text': error });
  }
  if (control?.matches(INPUT)) {
    control.id = name;
    label?.setAttribute('for', name);
    bind(control, { ':aria-invalid': () => error() !== '' });
  }
}

/**
 * Adds a text to the description of a control.
 * @param {Element | null} control
 * @param {Element | null} text
 * @param {string} id the id that the text gets
 */
function describe(control, text, id) {
  if (control && text) {
    text.id = id;
    control.setAttribute('aria-describedby', `${control.getAttribute('aria-describedby') ?? ''} ${id}`.trim());
  }
}

/**
 * Does the same as x-bind in the markup. The type declaration of Alpine.bind knows only its other form, with a name.
 * @param {Element} element
 * @param {Record<string, unknown>} attributes
 */
function bind(element, attributes) {
  /** @type {any} */ (Alpine).bind(element, attributes);
}

/** @param {string} field */
export function hasField(field) {
  return document.querySelector(`[data-field="${field}"]`) !== null;
}

/** @param {HTMLElement} target */
function fieldOf(target) {
  return /** @type {HTMLElement | null} */ (target.closest('[data-field]'))?.dataset.field ?? '';
}

/** @param {Element | null} field */
function focusField(field) {
  /** @type {HTMLElement | null | undefined} */
  const input = field?.querySelector('input, select, textarea') ?? field?.querySelector('button');
  input?.focus({ preventScroll: true });
  field?.scrollIntoView({ block: 'center' });
}
