/** What was painted, and how it is undone: cells of the grid, each with its colour before and after. */

/** The grid as the page has it, and the strokes on it. */
export class Strokes {
  #done = [];
  #undone = [];
  #now = new Map(); // of the stroke that goes on: number of a cell -> its colour before

  /**
   * @param {Float32Array} grid Cb and Cr of each cell, row by row.
   * @param {number} columns
   */
  constructor(grid, columns) {
    [this.grid, this.columns, this.rows] = [grid, columns, grid.length / 2 / columns];
  }

  /** Whether there is something to undo, and to do again. */
  get can() {
    return { undo: this.#done.length > 0, redo: this.#undone.length > 0 };
  }

  /**
   * Gives a colour to the cells under a brush.
   *
   * @param {number} row of its middle.
   * @param {number} column
   * @param {number} size cells a side.
   * @param {[number, number]} color Cb and Cr.
   * @returns {{cells: number[], colors: number[]}} those that changed.
   */
  dab(row, column, size, color) {
    const cells = [];
    const first = -Math.floor((size - 1) / 2);
    for (let y = row + first; y < row + first + size; y++) {
      for (let x = column + first; x < column + first + size; x++) {
        if (y >= 0 && y < this.rows && x >= 0 && x < this.columns) {
          cells.push(y * this.columns + x);
        }
      }
    }
    const changed = cells.filter((cell) => color.some((value, i) => Math.fround(value) !== this.grid[2 * cell + i]));
    for (const cell of changed.filter((each) => !this.#now.has(each))) {
      this.#now.set(cell, this.#color(cell));
    }
    return this.#set(changed.map((cell) => [cell, color]));
  }

  /** Ends a stroke, which is undone as one; gives whether there was any. */
  end() {
    const painted = this.#now.size > 0;
    if (painted) {
      this.#done.push([...this.#now].map(([cell, before]) => ({ cell, before, after: this.#color(cell) })));
      this.#undone = [];
      this.#now = new Map();
    }
    return painted;
  }

  /** Takes the last stroke back; gives what changed, as `dab` does. */
  undo() {
    const stroke = this.#done.pop();
    this.#undone.push(stroke);
    return this.#set(stroke.map(({ cell, before }) => [cell, before]));
  }

  /** Does the last stroke that was taken back again. */
  redo() {
    const stroke = this.#undone.pop();
    this.#done.push(stroke);
    return this.#set(stroke.map(({ cell, after }) => [cell, after]));
  }

  #color(cell) {
    return [...this.grid.subarray(2 * cell, 2 * cell + 2)];
  }

  #set(changes) {
    for (const [cell, color] of changes) {
      this.grid.set(color, 2 * cell);
    }
    return { cells: changes.map(([cell]) => cell), colors: changes.flatMap(([, color]) => color) };
  }
}
