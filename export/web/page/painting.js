/** A photograph whose grid of colours is changed cell by cell, and that is decoded anew where it was. */

import { means, rgbaOf } from "./codec/pyramid.js";
import { spread } from "./spread.js";

/** Pixels of a cell. */
export const CELL = 16;
/** Cells around changed ones that are decoded anew at once; farther ones change by less than can be seen. */
const NEAR = 4;
/** Cells beyond those that are decoded along, for what lies at the border to come out as it should. */
const MARGIN = 3;
/** Cells of which sides of what is decoded are multiples. */
const SIZES = 4;

/** Sweeps by which colours spread when a stroke is made, and when the whole picture is. */
const AT_ONCE = 30;
const WHOLLY = 200;

/** A painting: luma, the grid, and the picture that comes of them. */
export class Painting {
  /**
   * @param {Uint8Array} luma
   * @param {[number, number]} size height and width.
   * @param {Float32Array} grid Cb and Cr of cells of CELL pixels, row by row; NaN where nobody said: colours spread
   *   there from the other cells.
   * @param {Function} decode as of `Decoder`.
   */
  constructor(luma, size, grid, decode) {
    [this.luma, this.size, this.grid, this.decode] = [luma, size, grid, decode];
    this.columns = Math.ceil(size[1] / CELL);
    this.light = means(luma, size, 1, CELL);
    this.filled = new Float32Array(grid.length);
    this.#spread(WHOLLY);
  }

  /** The whole picture, RGBA, once colours have spread as far as they do. */
  async whole() {
    this.#spread(WHOLLY);
    return rgbaOf(this.luma, await this.#chroma(this.luma, this.size, this.filled));
  }

  /**
   * Gives cells other colours.
   *
   * @param {number[]} cells their numbers.
   * @param {number[]} colors Cb and Cr of each; NaN takes them back.
   * @returns {Promise<{left: number, top: number, width: number, height: number, rgba: Uint8ClampedArray}>} the part of
   *   the picture that changed, to be put there.
   */
  async paint(cells, colors) {
    cells.forEach((cell, i) => this.grid.set(colors.slice(2 * i, 2 * i + 2), 2 * cell));
    this.#spread(AT_ONCE);
    const [height, width] = this.size;
    const [down, across] = [
      reach(
        cells.map((cell) => Math.floor(cell / this.columns)),
        height,
      ),
      reach(
        cells.map((cell) => cell % this.columns),
        width,
      ),
    ];
    const seen = [pixels(down.seen, height), pixels(across.seen, width)];
    const kept = [pixels(down.kept, height), pixels(across.kept, width)];
    const size = seen.map(([from, to]) => to - from);
    const luma = cut(this.luma, width, 1, ...seen);
    const chroma = await this.#chroma(luma, size, cut(this.filled, this.columns, 2, down.seen, across.seen));
    const inside = kept.map((range, axis) => range.map((at) => at - seen[axis][0]));
    const rgba = rgbaOf(cut(luma, size[1], 1, ...inside), cut(chroma, size[1], 2, ...inside));
    const [[top, bottom], [left, right]] = kept;
    return { left, top, width: right - left, height: bottom - top, rgba };
  }

  /** Has the network built that single cells need, which takes longer than to paint them. */
  async warm() {
    const size = this.size.map((side) => Math.min(sideOf(1) * CELL, side));
    const cells = size.reduce((count, side) => count * Math.ceil(side / CELL), 1);
    await this.decode(new Uint8Array(size[0] * size[1]), size, new Float32Array(2 * cells), CELL);
  }

  #spread(sweeps) {
    this.filled = spread(this.grid, this.light, this.columns, this.filled, sweeps);
  }

  /** As everywhere: of nothing but zeros comes nothing. */
  async #chroma(luma, size, grid) {
    return grid.some((value) => value !== 0)
      ? this.decode(luma, size, grid, CELL)
      : new Float32Array(size[0] * size[1] * 2);
  }
}

/** From which cell of a side to before which ones some are decoded anew, and what is decoded along. */
function reach(cells, length) {
  const total = Math.ceil(length / CELL);
  const [first, last] = [Math.min(...cells), Math.max(...cells)];
  const side = Math.min(sideOf(last + 1 - first), total);
  const start = Math.min(Math.max(first - NEAR - MARGIN, 0), total - side);
  return { kept: [Math.max(first - NEAR, 0), Math.min(last + 1 + NEAR, total)], seen: [start, start + side] };
}

/** Cells a side of what is decoded for so many: of few sizes, for a network is built for each. */
function sideOf(count) {
  return Math.ceil((count + 2 * (NEAR + MARGIN)) / SIZES) * SIZES;
}

/** A range of cells in pixels, as far as there is an image. */
function pixels([from, to], length) {
  return [from * CELL, Math.min(to * CELL, length)];
}

/** A part of an image with so many columns and channels. */
function cut(image, columns, channels, [top, bottom], [left, right]) {
  const row = (right - left) * channels;
  const found = new image.constructor((bottom - top) * row);
  for (let y = top; y < bottom; y++) {
    const from = (y * columns + left) * channels;
    found.set(image.subarray(from, from + row), (y - top) * row);
  }
  return found;
}
