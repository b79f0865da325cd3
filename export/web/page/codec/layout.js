/** Which grids a pyramid of colours has, and how finely it is rounded: zoo/codecs/pyramid.py, class Layout. */

/** Pixels of the cells of all levels that a pyramid may have. */
export const CELLS = [256, 128, 64, 32, 16, 8, 4];
/** Pixels of a cell at which larger ones are predicted. */
export const WORKING = 16;
/** Steps are told in this part of a level of chroma. */
export const UNIT = 16;
/** Squared error over R, G and B for an error of 1 in Cb and in Cr. */
export const WEIGHTS = [3.2584136325449613, 2.475594519453839];
/** Settings from the coarsest colours to the finest: pixels of the smallest cells, and step. */
export const LADDER = [
  [16, 128],
  [8, 112],
  [8, 80],
  [8, 56],
  [8, 40],
  [4, 40],
  [4, 28],
  [4, 20],
  [4, 14],
];

const LEAST_STEP = 12;
const STEPS = [15, 17]; // of Cb and Cr, in sixteenths of the step
const PRICE = 0.04; // of a bit, in squared steps of a cell at the working size

/** The grids of one pyramid. */
export class Layout {
  /**
   * RangeError for numbers that no pyramid has, with a message of one line.
   *
   * @param {number[]} size height and width of the photograph.
   * @param {number} last pixels of the smallest cells: 16, 8 or 4.
   * @param {number} step of residuals where cells have 16 pixels, in sixteenths of a level, 1 to 255.
   * @param {number} ratio of the steps of one level and the one before it, in sixteenths, 16 to 255.
   */
  constructor(size, last, step, ratio = 28) {
    if (Math.min(...size) < WORKING) {
      throw new RangeError(`a photograph must have at least ${WORKING}x${WORKING} pixels, not ${size[1]}x${size[0]}`);
    }
    if (![4, 8, 16].includes(last)) {
      throw new RangeError(`the smallest cells must have 4, 8 or 16 pixels, not ${last}`);
    }
    if (step < 1 || step > 255 || ratio < 16 || ratio > 255) {
      throw new RangeError(`step and ratio must be 1 to 255 and 16 to 255, not ${step} and ${ratio}`);
    }
    Object.assign(this, { size, last, step, ratio });
  }

  /** Pixels of the cells of each level, the largest first: no larger than the photograph. */
  get cells() {
    return CELLS.filter((n) => this.last <= n && n <= Math.min(...this.size));
  }

  /** Rows and columns of the grid with cells of n pixels. */
  shape(n) {
    return this.size.map((side) => Math.ceil(side / n));
  }

  /** Steps of Cb and Cr where cells have n pixels, in sixteenths; whole numbers all the way. */
  steps(n) {
    let step = this.step;
    for (let cell = WORKING; cell > n; cell /= 2) step = Math.floor((step * this.ratio + 8) / 16);
    for (let cell = WORKING; cell < n; cell *= 2) {
      step = Math.floor((step * 16 + Math.floor(this.ratio / 2)) / this.ratio);
    }
    return STEPS.map((share) => Math.floor((Math.max(step, LEAST_STEP) * share + 8) / 16));
  }

  /** What a bit costs, in squared errors over R, G and B, when residuals are chosen. */
  get price() {
    const step = this.step / UNIT;
    return PRICE * WORKING ** 2 * ((WEIGHTS[0] + WEIGHTS[1]) / 2) * (step * step);
  }

  /** How many residuals there are. */
  get numbers() {
    let found = 0;
    for (const n of this.cells) {
      const [rows, columns] = this.shape(n);
      found += 2 * rows * columns;
    }
    return found;
  }
}

/** The number of the level whose cells have n pixels. */
export function levelOf(n) {
  return CELLS.indexOf(n);
}
