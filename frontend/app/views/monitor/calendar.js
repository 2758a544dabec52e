/** @import {DayUptime} from '../../../types/model' */
import { describeDay, formatDay, formatMonth, formatWeekday, levelOf, weekdayOf } from './days.js';

/** The space between a day and its tooltip, in pixels. */
const GAP = 6;
/** How many days each key moves. */
const STEPS = /** @type {Record<string, number>} */ ({
  ArrowUp: -1,
  ArrowDown: 1,
  ArrowLeft: -7,
  ArrowRight: 7,
  PageUp: -28,
  PageDown: 28,
  Home: -1000,
  End: 1000,
});

/**
 * A grid of days: a column for each week, a row for each weekday, with the months on top. One day can be reached with the Tab
 * key, all others from there with the arrow keys. The day under the pointer, or with the focus, has a tooltip.
 */
export class Calendar {
  #element;
  #choose;
  #tip = document.createElement('div');
  #stop = new AbortController();
  /** @type {readonly DayUptime[]} */
  #days = [];
  /** The cells of the days. @type {HTMLElement[]} */
  #cells = [];
  /** The date of the cell that the Tab key reaches. */
  #current = '';

  /**
   * @param {HTMLElement} element
   * @param {(date: string) => void} choose receives the date of a day that was clicked
   */
  constructor(element, choose) {
    this.#element = element;
    this.#choose = choose;
    this.#tip.className = 'day-tip';
    this.#tip.popover = 'manual';
    this.#tip.ariaHidden = 'true'; // the labels of the cells say the same
    element.after(this.#tip);
    const { signal } = this.#stop;
    const on = (/** @type {string} */ type, /** @type {(event: any) => void} */ handle) =>
      element.addEventListener(type, handle, { signal });
    on('pointerover', ({ target }) => this.#show(this.#indexOf(target)));
    on('pointerleave', () => this.#show(this.#indexOf(document.activeElement)));
    on('focusin', ({ target }) => this.#show(this.#indexOf(target)));
    on('focusout', () => this.#show(-1));
    on('scroll', () => this.#show(-1));
    on('click', ({ target }) => this.#open(this.#indexOf(target)));
    on('keydown', (event) => this.#onKey(event));
  }

  destroy() {
    this.#stop.abort();
    this.#tip.remove();
  }

  /**
   * Draws days in a row that end today.
   * @param {readonly DayUptime[]} days
   * @param {boolean} loaded false if it is not known yet how they were
   */
  draw(days, loaded) {
    const isNew = days[0]?.date !== this.#days[0]?.date || days.length !== this.#days.length;
    this.#days = days;
    if (isNew) {
      this.#create();
    }
    this.#element.classList.toggle('loading', !loaded);
    const today = days[days.length - 1].date;
    days.forEach((day, i) => {
      this.#cells[i].dataset.level = levelOf(day);
      this.#cells[i].ariaLabel = `${formatDay(day.date)}: ${loaded ? describeDay(day, today) : 'loading'}`;
    });
  }

  /**
   * Marks the chosen day.
   * @param {string} date empty for none
   */
  mark(date) {
    this.#cells.forEach((cell, i) => (cell.ariaSelected = this.#days[i].date === date ? 'true' : null));
    if (date) {
      this.#setCurrent(this.#days.findIndex((day) => day.date === date));
    }
  }

  /** Creates the cells of the days, and scrolls to the newest. */
  #create() {
    const hadFocus = this.#element.contains(document.activeElement);
    const first = weekdayOf(this.#days[0].date);
    const weeks = Math.ceil((first + this.#days.length) / 7);
    this.#cells = this.#days.map(({ date }, i) => {
      const cell = elementOf('gridcell', 'day');
      place(cell, 2 + ((first + i) % 7), String(2 + Math.floor((first + i) / 7)));
      cell.tabIndex = -1;
      cell.ariaCurrent = i === this.#days.length - 1 ? 'date' : null;
      cell.dataset.date = date;
      return cell;
    });
    const grid = elementOf('grid', 'grid');
    grid.setAttribute('aria-labelledby', 'heatmap-title');
    grid.style.setProperty('--weeks', String(weeks));
    grid.append(...this.#months(first), ...this.#rows());
    this.#element.replaceChildren(grid);
    this.#element.scrollLeft = this.#element.scrollWidth;
    const index = this.#days.findIndex(({ date }) => date === this.#current);
    this.#setCurrent(index < 0 ? this.#days.length - 1 : index);
    if (hadFocus) {
      this.#cells[this.#currentIndex].focus({ preventScroll: true });
    }
  }

  /**
   * Returns the label of each month, in the column in which the month begins.
   * @param {number} first the position of the first day in its week
   */
  #months(first) {
    const columns = this.#days.map((_, i) => 2 + Math.floor((first + i) / 7));
    const starts = this.#days.flatMap(({ date }, i) => (i === 0 || date.endsWith('-01') ? [i] : []));
    // The first month has no label if the next one begins too near.
    const shown = starts.filter((start, n) => n > 0 || columns[starts[1] ?? 0] - columns[start] > 2);
    return shown.map((start) => {
      const label = elementOf('', 'month');
      label.ariaHidden = 'true'; // the labels of the cells have it
      label.textContent = formatMonth(this.#days[start].date);
      place(label, 1, String(columns[start]));
      return label;
    });
  }

  /** Returns a row for each weekday, with its name and its days. */
  #rows() {
    return Array.from({ length: 7 }, (_, weekday) => {
      const row = elementOf('row', 'row');
      const ofRow = this.#days.flatMap(({ date }, i) => (weekdayOf(date) === weekday ? [i] : []));
      const name = elementOf('rowheader', 'weekday');
      name.textContent = formatWeekday(this.#days[ofRow[0]].date);
      place(name, 2 + weekday, '1 / -1'); // The whole row, so that it can stay beside the days while they scroll.
      row.append(name, ...ofRow.map((i) => this.#cells[i]));
      return row;
    });
  }

  get #currentIndex() {
    return Math.max(
      this.#days.findIndex(({ date }) => date === this.#current),
      0,
    );
  }

  /** @param {number} index of the day that the Tab key reaches */
  #setCurrent(index) {
    const next = this.#cells[index];
    if (next) {
      this.#cells[this.#currentIndex].tabIndex = -1;
      this.#current = this.#days[index].date;
      next.tabIndex = 0;
    }
  }

  /**
   * Returns the index of the day of a cell; -1 if the target is something else.
   * @param {EventTarget | null} target
   */
  #indexOf(target) {
    return target instanceof HTMLElement ? this.#cells.indexOf(target) : -1;
  }

  /** @param {number} index */
  #open(index) {
    if (index >= 0) {
      this.#setCurrent(index);
      this.#choose(this.#days[index].date);
    }
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const index = this.#indexOf(event.target);
    const step = STEPS[event.key];
    if (index < 0 || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key === 'Escape') {
      this.#show(-1);
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      this.#open(index);
    } else if (step) {
      event.preventDefault();
      const next = index + step;
      const last = this.#days.length - 1;
      const isJump = Math.abs(step) > last;
      if (isJump || (next >= 0 && next <= last)) {
        this.#setCurrent(Math.min(Math.max(next, 0), last));
        this.#cells[this.#currentIndex].focus();
      }
    }
  }

  /**
   * Shows the tooltip of a day, or hides it.
   * @param {number} index -1 to hide it
   */
  #show(index) {
    const cell = this.#cells[index];
    if (!cell) {
      this.#tip.hidePopover();
      return;
    }
    const [date, text] = (cell.ariaLabel ?? '').split(/: (.*)/);
    const title = document.createElement('strong');
    title.textContent = date;
    this.#tip.replaceChildren(title, document.createElement('br'), text);
    this.#tip.showPopover();
    const box = cell.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.#tip;
    const left = (box.left + box.right - width) / 2;
    const most = document.documentElement.clientWidth - width - GAP;
    const top = box.top - GAP - height;
    this.#tip.style.left = `${Math.max(Math.min(left, most), GAP)}px`;
    this.#tip.style.top = `${top < GAP ? box.bottom + GAP : top}px`;
  }
}

/**
 * @param {string} role empty for none
 * @param {string} name of the CSS class
 */
function elementOf(role, name) {
  const element = document.createElement('div');
  element.className = name;
  element.role = role || null;
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {number} row
 * @param {string} column
 */
function place(element, row, column) {
  element.style.gridRow = String(row);
  element.style.gridColumn = column;
}
