/** A first guess of the colours of a grey picture, by a colorizer that knows small pictures. */

import { chromaOfRgb } from "./colors.js";
import { Tensor, loadAndCompile } from "./vendor/litert/core.js";

/** Pixels a side of what the colorizer sees: the whole picture, squeezed. */
const SIDE = 32;

/**
 * Cb and Cr of the cells of a grid, row by row.
 *
 * @param {string} address of the colorizer's file.
 * @param {Uint8Array} luma
 * @param {[number, number]} size height and width.
 * @param {[number, number]} cells rows and columns of the grid.
 * @returns {Promise<Float32Array>}
 */
export async function guess(address, luma, [height, width], [rows, columns]) {
  const model = await loadAndCompile(address, { accelerator: "wasm" });
  const input = Tensor.fromTypedArray(squeezed(luma, height, width), [1, SIDE, SIDE, 1]);
  const outputs = Object.values(await model.run({ grey: input }));
  const rgb = await outputs[0].data();
  for (const each of [input, ...outputs, model]) each.delete();

  const grid = new Float32Array(2 * rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [y, x] = [((row + 0.5) * SIDE) / rows - 0.5, ((column + 0.5) * SIDE) / columns - 0.5];
      const color = [0, 1, 2].map((channel) => between(rgb, y, x, channel));
      grid.set(chromaOfRgb(...color), 2 * (row * columns + column));
    }
  }
  return grid;
}

/** The picture as SIDE x SIDE means. */
function squeezed(luma, height, width) {
  const found = new Uint8Array(SIDE * SIDE);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const [top, left] = [Math.floor((row * height) / SIDE), Math.floor((column * width) / SIDE)];
      const bottom = Math.max(top + 1, Math.floor(((row + 1) * height) / SIDE));
      const right = Math.max(left + 1, Math.floor(((column + 1) * width) / SIDE));
      let total = 0;
      for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) total += luma[y * width + x];
      found[row * SIDE + column] = Math.round(total / ((bottom - top) * (right - left)));
    }
  }
  return found;
}

/** A value between the pixels of a SIDE x SIDE picture. */
function between(rgb, y, x, channel) {
  const at = (value) => Math.min(Math.max(value, 0), SIDE - 1);
  const pixel = (row, column) => rgb[3 * (at(row) * SIDE + at(column)) + channel];
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [down, right] = [y - top, x - left];
  const above = pixel(top, left) * (1 - right) + pixel(top, left + 1) * right;
  const below = pixel(top + 1, left) * (1 - right) + pixel(top + 1, left + 1) * right;
  return above * (1 - down) + below * down;
}
