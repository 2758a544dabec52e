/** @import {FieldErrors} from './validation.js' */
import Alpine from '../../lib/alpine.js';

/**
 * The error messages of a form: one for each field, and a summary beside the buttons. A field is an element with the
 * attribute data-field.
 */
export function newFieldErrors() {
  return {
    /** @type {FieldErrors} */
    byField: {},
    summary: '',

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
     * Shows the error of a field when the focus leaves it. A missing value is not reported yet. When the focus moves to
     * Save or Run check nothing is shown, so that the button does not move under the pointer: both validate all fields.
     * @param {FocusEvent} event
     * @param {FieldErrors} errors the current errors of the form
     */
    onFocusOut({ target, relatedTarget }, errors) {
      const field = fieldOf(/** @type {HTMLElement} */ (target));
      const text = errors[field] ?? '';
      const submitting = relatedTarget instanceof Element && relatedTarget.closest('.foot, .check');
      if (text && !submitting && !text.startsWith('missing ')) {
        this.byField[field] = text;
      }
    },
  };
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
