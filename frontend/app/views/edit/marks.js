/** @import {Faults} from './faults.js' */
import Alpine from '../../lib/alpine.js';

/** What is shown to be wrong: at the fields, which are the elements with a data-field, or beside the actions. */
export function newMarks() {
  return {
    /** @type {Faults} */
    faults: {},
    problem: '',

    clear() {
      this.faults = {};
      this.problem = '';
    },

    /**
     * What to say at the field, as a sentence begins; empty for nothing.
     * @param {string} field
     */
    at(field) {
      const fault = this.faults[field] ?? '';
      return fault.charAt(0).toUpperCase() + fault.slice(1);
    },

    /**
     * Marks the fields, and no others but the rule, and leads to the first.
     * @param {Faults} faults
     */
    show(faults) {
      this.faults = { rule: this.faults.rule ?? '', ...faults };
      this.problem = 'Not yet: please mend what is marked.';
      Alpine.nextTick(() => leadTo(document.querySelector('[data-field].faulty')));
    },

    /**
     * Takes the mark off what is being mended. The rule keeps its own until it has been checked.
     * @param {HTMLElement} target where something is typed or chosen
     */
    touch(target) {
      const field = fieldAt(target);
      if (field !== 'rule') {
        delete this.faults[field];
      }
      this.problem = '';
    },

    /**
     * Marks a field that is left with something wrong in it; one that is merely empty is not pointed at yet. On the way
     * to Save or Try it nothing may move under the pointer, and both look at every field themselves.
     * @param {FocusEvent} event
     * @param {Faults} found
     */
    leave({ target, relatedTarget }, found) {
      const field = fieldAt(/** @type {HTMLElement} */ (target));
      const fault = found[field] ?? '';
      const acting = relatedTarget instanceof Element && relatedTarget.closest('.foot, .trial');
      if (fault && !acting && !fault.startsWith('missing ')) {
        this.faults[field] = fault;
      }
    },
  };
}

/** @param {string} field */
export function hasField(field) {
  return document.querySelector(`[data-field="${field}"]`) !== null;
}

/** @param {HTMLElement} target */
function fieldAt(target) {
  return /** @type {HTMLElement | null} */ (target.closest('[data-field]'))?.dataset.field ?? '';
}

/** @param {Element | null} field */
function leadTo(field) {
  /** @type {HTMLElement | null | undefined} */
  const input = field?.querySelector('input, select, textarea') ?? field?.querySelector('button');
  input?.focus({ preventScroll: true });
  field?.scrollIntoView({ block: 'center' });
}
