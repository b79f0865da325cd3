/** The edge decoder in LiteRT: from luma and a grid of colours to the chroma of every pixel. */

import { Tensor, loadAndCompile, loadLiteRt } from "./vendor/litert/core.js";
import { tiles } from "./tiles.js";

/** Pixels, as the network sees them, that are decoded at a time. */
const MOST_PIXELS = 1 << 19;
/** Pixels a side that the network makes of a cell, at the least. */
const LEAST_CELL = 8;
/** Compiled networks that are kept, for as many sizes: each holds its memory until it is deleted. */
const MOST_KEPT = 10;
/** By how much chroma may differ from Python's where the page checks itself. */
const TOLERANCE = 1e-2;

/** Networks of one set of weights, made for each size out of templates: see export/web/templates.py. */
export class Decoder {
  #templates;
  #networks = new Map();

  /** @param {Map<number, object>} templates by n: `{content: ArrayBuffer, words: number[][]}`. */
  constructor(templates) {
    this.#templates = templates;
  }

  /**
   * Loads LiteRT and the templates that a site has, and checks them against what Python decoded: a graph that cannot
   * be prepared says nothing, and gives whatever its memory held.
   *
   * @param {string} base address of the site, with a slash at its end.
   * @param {object} site what `colour-grid-site.json` holds.
   * @returns {Promise<Decoder>}
   */
  static async open(base, site) {
    const wasm = `${base}vendor/litert/wasm/`;
    self.Module = { locateFile: (name) => wasm + name }; // in a worker Emscripten would look beside the worker's script
    await loadLiteRt(wasm);
    const templates = new Map();
    for (const { n, file, words } of site.templates) {
      templates.set(n, { content: await fetched(base + file), words });
    }
    const decoder = new Decoder(templates);
    for (const golden of site.golden) {
      await decoder.#check(base, golden);
    }
    return decoder;
  }

  /**
   * Chroma of all pixels: Cb and Cr, one after the other, in levels, 0 for none.
   *
   * @param {Uint8Array} luma
   * @param {[number, number]} size height and width.
   * @param {Float32Array} grid Cb and Cr of its cells, row by row.
   * @param {number} n pixels of a cell: one of those that the site has.
   * @returns {Promise<Float32Array>}
   */
  async decode(luma, [height, width], grid, n) {
    const rows = Math.ceil(height / n);
    const columns = Math.ceil(width / n);
    const chroma = new Float32Array(height * width * 2);
    const most = Math.floor(MOST_PIXELS / Math.max(n, LEAST_CELL) ** 2);
    for (const { part, seen } of tiles(rows, columns, most)) {
      const decoded = await this.#run(n, seen, extended(luma, height, width, seen, n), cells(grid, columns, seen));
      const last = Math.min((part.left + part.columns) * n, width);
      for (let y = part.top * n; y < Math.min((part.top + part.rows) * n, height); y++) {
        const from = ((y - seen.top * n) * seen.columns * n + (part.left - seen.left) * n) * 2;
        const count = (last - part.left * n) * 2;
        chroma.set(decoded.subarray(from, from + count), (y * width + part.left * n) * 2);
      }
    }
    return chroma;
  }

  async #run(n, { rows, columns }, luma, grid) {
    const network = await this.#network(n, rows, columns);
    const inputs = {
      luma: Tensor.fromTypedArray(luma, [1, rows * n, columns * n, 1]),
      grid: Tensor.fromTypedArray(grid, [1, rows, columns, 2]),
    };
    let outputs = [];
    try {
      outputs = Object.values(await network.run(inputs));
      return await outputs[0].data();
    } finally {
      for (const tensor of [...Object.values(inputs), ...outputs]) {
        tensor.delete();
      }
    }
  }

  async #network(n, rows, columns) {
    const key = [n, rows, columns].join();
    let network = this.#networks.get(key);
    if (network) {
      this.#networks.delete(key);
    } else {
      network = await loadAndCompile(filled(this.#templates.get(n), rows, columns), { accelerator: "wasm" });
      if (this.#networks.size >= MOST_KEPT) {
        const [oldest, unused] = this.#networks.entries().next().value;
        unused.delete();
        this.#networks.delete(oldest);
      }
    }
    this.#networks.set(key, network); // the one last used is the last
    return network;
  }

  async #check(base, { n, size, file }) {
    const values = new Float32Array(await fetched(base + file));
    const [height, width] = size;
    const pixels = height * width;
    const end = values.length - 2 * pixels;
    const wanted = values.subarray(end);
    const found = await this.decode(Uint8Array.from(values.subarray(0, pixels)), size, values.slice(pixels, end), n);
    const off = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i])), 0);
    if (!(off <= TOLERANCE)) {
      throw new Error(`this browser does not decode as it should: colours are off by ${off.toFixed(1)} levels`);
    }
  }
}

/** The file of a template for a grid of so many cells. */
function filled({ content, words }, rows, columns) {
  const bytes = new Uint8Array(content.slice(0));
  const view = new DataView(bytes.buffer);
  for (const [word, constant, ofRows, ofColumns, ofCells] of words) {
    view.setInt32(4 * word, constant + ofRows * rows + ofColumns * columns + ofCells * rows * columns, true);
  }
  return bytes;
}

/** Luma of whole cells; beyond the image its border is repeated. */
function extended(luma, height, width, { top, left, rows, columns }, n) {
  const found = new Float32Array(rows * columns * n * n);
  let i = 0;
  for (let y = top * n; y < (top + rows) * n; y++) {
    const row = Math.min(y, height - 1) * width;
    for (let x = left * n; x < (left + columns) * n; x++) {
      found[i++] = luma[row + Math.min(x, width - 1)];
    }
  }
  return found;
}

function cells(grid, all, { top, left, rows, columns }) {
  const found = new Float32Array(rows * columns * 2);
  for (let row = 0; row < rows; row++) {
    const from = ((top + row) * all + left) * 2;
    found.set(grid.subarray(from, from + columns * 2), row * columns * 2);
  }
  return found;
}

/** The bytes at an address of the site, as an ArrayBuffer. */
export async function fetched(address) {
  const response = await fetch(address);
  if (!response.ok) {
    throw new Error(`${address} is missing (${response.status})`);
  }
  return response.arrayBuffer();
}
