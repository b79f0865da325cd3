/**
 * A photograph's colours as a pyramid of grids, each of which a decoder predicts from the one before and from luma.
 *
 * The JavaScript of zoo/codecs/pyramid.py. Grids are Float64Arrays: row by row, Cb and Cr side by side.
 */

import { CELLS, UNIT, WEIGHTS, WORKING, levelOf } from "./layout.js";
import { LevelCoder } from "./levels.js";
import { BitCounter } from "./mixing.js";

/** Of R, G and B in Y', Cb and Cr, and of Cb and Cr in R, G and B: BT.601, in float32 as in Python. */
const LUMA = [0.299, 0.587, 0.114].map(Math.fround);
const BLUE = [-0.168735892, -0.331264108, 0.5].map(Math.fround);
const RED = [0.5, -0.418687589, -0.081312411].map(Math.fround);
const [RED_FROM_CR, GREEN_FROM_CB, GREEN_FROM_CR, BLUE_FROM_CB] = [
  1.4019999504089355, -0.3441362977027893, -0.7141363024711609, 1.7719999551773071,
];

/** The levels of one photograph, of which each can be predicted from the one before. */
export class Pyramid {
  #lumas = new Map(); // by pixels of the cells that are decoded with them: pixels and their height and width
  #decode;

  /**
   * @param {Layout} layout see layout.js.
   * @param {Uint8Array} luma Y', height * width.
   * @param {(luma: Uint8Array, size: number[], grid: Float32Array, n: number) => Promise<Float32Array>} decode
   *     makes the chroma of every pixel, Cb and Cr side by side, from luma, its height and width, and a grid with
   *     cells of n pixels, 16 at most.
   */
  constructor(layout, luma, decode) {
    this.layout = layout;
    this.#decode = decode;
    let reduced = { luma, size: layout.size };
    this.#lumas.set(WORKING, reduced);
    for (const n of layout.cells.filter((n) => n > WORKING).reverse()) {
      reduced = halved(reduced);
      this.#lumas.set(n, reduced);
    }
  }

  /** The chroma of a grid with cells of n pixels, at the luma at which such are decoded: Float32Array. */
  async chroma(n, grid) {
    const { luma, size } = this.#luma(n);
    // A decoder leaves a trace of colour where there is none.
    if (!grid.some((color) => color !== 0)) return new Float32Array(luma.length * 2);
    return this.#decode(luma, size, Float32Array.from(grid), Math.min(n, WORKING));
  }

  /** The grid with cells of half of n pixels, as the decoder sees it from that with cells of n. */
  async predicted(n, grid) {
    return means(await this.chroma(n, grid), this.#luma(n).size, 2, Math.min(n, WORKING) / 2);
  }

  /** The finest grid, of the residuals of all levels: Int32Arrays by pixels of their cells. */
  async decode(residuals) {
    return this.#walk((n) => residuals.get(n));
  }

  /**
   * Residuals of all levels, chosen by rate and distortion, and the finest grid that they give.
   *
   * @param {Map<number, Float64Array>} grids means of Cb and Cr of the photograph, see `lumaAndGrids`.
   * @param {object} priors statistics to begin with, see payload.js.
   * @returns {Promise<{residuals: Map<number, Int32Array>, grid: Float64Array}>}
   */
  async encode(grids, priors) {
    const { layout } = this;
    const coder = new LevelCoder(priors, new BitCounter());
    const residuals = new Map();
    const grid = await this.#walk((n, guess) => {
      const steps = layout.steps(n);
      const wanted = guess.map((color, place) => ((grids.get(n)[place] - color) * UNIT) / steps[place & 1]);
      const weights = WEIGHTS.map((weight, plane) => n * n * weight * (steps[plane] / UNIT) ** 2);
      const aim = { wanted, weights, price: layout.price };
      residuals.set(n, coder.choose(levelOf(n), layout.shape(n), steps, aim));
      return residuals.get(n);
    });
    return { residuals, grid };
  }

  /** The photograph, RGBA, of its luma and the finest grid. */
  async joined(grid) {
    return rgbaOf(this.#luma(WORKING).luma, await this.chroma(this.layout.last, grid));
  }

  #luma(n) {
    return this.#lumas.get(Math.max(n, WORKING));
  }

  /** The finest grid, where `residualsOf(n, guess)` gives the residuals of each level. */
  async #walk(residualsOf) {
    let grid = null;
    for (const n of this.layout.cells) {
      const [rows, columns] = this.layout.shape(n);
      const guess = grid ? await this.predicted(2 * n, grid) : new Float64Array(rows * columns * 2);
      const residuals = residualsOf(n, guess);
      const steps = this.layout.steps(n);
      grid = guess.map((color, place) => color + (residuals[place] * steps[place & 1]) / UNIT);
    }
    return grid;
  }
}

/**
 * Luma and the means of chroma of a photograph.
 *
 * @param {Uint8Array | Uint8ClampedArray} rgba its pixels, of which alpha has no part in it.
 * @param {number} height
 * @param {number} width
 * @returns {{luma: Uint8Array, grids: Map<number, Float64Array>}} grids of all cells that are no larger than it.
 */
export function lumaAndGrids(rgba, height, width) {
  const luma = new Uint8ClampedArray(height * width); // which rounds half to even
  const chroma = new Float32Array(height * width * 2);
  for (let pixel = 0; pixel < luma.length; pixel++) {
    const at = 4 * pixel;
    luma[pixel] = weighted(rgba, at, LUMA);
    chroma[2 * pixel] = weighted(rgba, at, BLUE);
    chroma[2 * pixel + 1] = weighted(rgba, at, RED);
  }
  const cells = CELLS.filter((n) => n <= Math.min(height, width));
  const grids = new Map(cells.map((n) => [n, means(chroma, [height, width], 2, n)]));
  return { luma: new Uint8Array(luma.buffer), grids };
}

/** RGBA of luma and of the chroma of every pixel, Cb and Cr side by side. */
export function rgbaOf(luma, chroma) {
  const rgba = new Uint8ClampedArray(luma.length * 4); // which rounds half to even
  for (let pixel = 0; pixel < luma.length; pixel++) {
    const [cb, cr] = [chroma[2 * pixel], chroma[2 * pixel + 1]];
    const at = 4 * pixel;
    rgba[at] = Math.fround(luma[pixel] + cr * RED_FROM_CR);
    rgba[at + 1] = Math.fround(Math.fround(luma[pixel] + cb * GREEN_FROM_CB) + cr * GREEN_FROM_CR);
    rgba[at + 2] = Math.fround(luma[pixel] + cb * BLUE_FROM_CB);
    rgba[at + 3] = 255;
  }
  return rgba;
}

/**
 * Means of cells of n x n numbers, over those that there are.
 *
 * @param {ArrayLike<number>} image row by row, channels side by side.
 * @param {number[]} size its height and width.
 * @param {number} channels
 * @param {number} n a power of 2.
 * @returns {Float64Array}
 */
export function means(image, [height, width], channels, n) {
  const columns = Math.ceil(width / n);
  const found = new Float64Array(Math.ceil(height / n) * columns * channels);
  const shift = Math.log2(n);
  for (let y = 0, from = 0; y < height; y++) {
    const row = (y >> shift) * columns;
    for (let x = 0; x < width; x++) {
      const cell = (row + (x >> shift)) * channels;
      for (let channel = 0; channel < channels; channel++) found[cell + channel] += image[from++];
    }
  }
  for (let place = 0; place < found.length; place++) {
    const cell = Math.floor(place / channels);
    const down = Math.floor(cell / columns) * n;
    const right = (cell % columns) * n;
    found[place] /= Math.min(n, height - down) * Math.min(n, width - right);
  }
  return found;
}

/** Luma at half its size: means of 2 x 2 pixels, rounded half to even. */
function halved({ luma, size }) {
  const found = Uint8ClampedArray.from(means(luma, size, 1, 2));
  return { luma: new Uint8Array(found.buffer), size: size.map((side) => Math.ceil(side / 2)) };
}

/** A sum over R, G and B, with each product added before anything is rounded to float32: as matrices are multiplied. */
function weighted(rgba, at, factors) {
  const two = Math.fround(Math.fround(rgba[at] * factors[0]) + rgba[at + 1] * factors[1]);
  return Math.fround(two + rgba[at + 2] * factors[2]);
}
