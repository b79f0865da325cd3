/** A photograph whose grid of colours is changed cell by cell, and that is decoded anew where it was. */

import { rgbaOf } from "./codec/pyramid.js";

/** Pixels of a cell. */
export const CELL = 16;
/** Cells around changed ones that are decoded anew at once; farther ones change by less than can be seen. */
const NEAR = 4;
/** Cells beyond those that are decoded along, for what lies at the border to come out as it should. */
const MARGIN = 3;

/** A painting: luma, the grid, and the picture that comes of them. */
export class Painting {
  /**
   * @param {Uint8Array} luma
   * @param {[number, number]} size height and width.
   * @param {Float32Array} grid Cb and Cr of cells of CELL pixels, row by row.
   * @param {Function} decode as of `Decoder`.
   */
  constructor(luma, size, grid, decode) {
    [this.luma, this.size, this.grid, this.decode] = [luma, size, grid, decode];
    this.columns = Math.ceil(size[1] / CELL);
  }

  /** The whole picture, RGBA. */
  async whole() {
    return rgbaOf(this.luma, await this.#chroma(this.luma, this.size, this.grid));
  }

  /**
   * Gives cells other colours.
   *
   * @param {number[]} cells their numbers.
   * @param {number[]} colors Cb and Cr of each.
   * @returns {Promise<{left: number, top: number, width: number, height: number, rgba: Uint8ClampedArray}>} the part of
   *   the picture that changed, to be put there.
   */
  async paint(cells, colors) {
    cells.forEach((cell, i) => this.grid.set(colors.slice(2 * i, 2 * i + 2), 2 * cell));
    const [height, width] = this.size;
    const rows = cells.map((cell) => Math.floor(cell / this.columns));
    const columns = cells.map((cell) => cell % this.columns);
    const kept = { ...grown(rows, NEAR, height, "top", "bottom"), ...grown(columns, NEAR, width, "left", "right") };
    const seen = {
      ...grown(rows, NEAR + MARGIN, height, "top", "bottom"),
      ...grown(columns, NEAR + MARGIN, width, "left", "right"),
    };
    const size = [seen.bottom - seen.top, seen.right - seen.left];
    const luma = cut(this.luma, width, 1, seen);
    const cellsSeen = Object.fromEntries(Object.entries(seen).map(([side, at]) => [side, Math.ceil(at / CELL)]));
    const chroma = await this.#chroma(luma, size, cut(this.grid, this.columns, 2, cellsSeen));
    const inside = {
      top: kept.top - seen.top,
      bottom: kept.bottom - seen.top,
      left: kept.left - seen.left,
      right: kept.right - seen.left,
    };
    const rgba = rgbaOf(cut(luma, size[1], 1, inside), cut(chroma, size[1], 2, inside));
    return { left: kept.left, top: kept.top, width: kept.right - kept.left, height: kept.bottom - kept.top, rgba };
  }

  /** As everywhere: of nothing but zeros comes nothing. */
  async #chroma(luma, size, grid) {
    return grid.some((value) => value !== 0)
      ? this.decode(luma, size, grid, CELL)
      : new Float32Array(size[0] * size[1] * 2);
  }
}

/** From where to where some cells and so many around them reach, in pixels of a side of `length`. */
function grown(cells, by, length, from, to) {
  const first = Math.max(0, Math.min(...cells) - by);
  return { [from]: first * CELL, [to]: Math.min((Math.max(...cells) + 1 + by) * CELL, length) };
}

/** A part of an image with so many columns and channels. */
function cut(image, columns, channels, { top, bottom, left, right }) {
  const row = (right - left) * channels;
  const found = new image.constructor((bottom - top) * row);
  for (let y = top; y < bottom; y++) {
    const from = (y * columns + left) * channels;
    found.set(image.subarray(from, from + row), (y - top) * row);
  }
  return found;
}
