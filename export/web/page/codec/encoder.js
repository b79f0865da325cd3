/** Chooses the colours of one photograph to match a grey file of it: export/color_files.py, class Encoder. */

import { LADDER, Layout } from "./layout.js";
import { colorError, psnr, squaredError } from "./measures.js";
import { writePayload } from "./payload.js";
import { Pyramid, lumaAndGrids } from "./pyramid.js";

const LEAST = 1; // quality
const MOST = 95;
const NEIGHBOUR = 4; // of qualities between which it is measured what a byte of luma is worth
const WORTH = 3; // how much more a residual does to the photograph than to its own cell, about

/** Makes grey files and payloads of one photograph. */
export class Encoder {
  #grids;

  /**
   * @param {object} options
   * @param {Uint8Array | Uint8ClampedArray} options.rgba the photograph, at least 16 x 16 pixels.
   * @param {number} options.width
   * @param {number} options.height
   * @param {Function} options.decode see `Pyramid`.
   * @param {object} options.priors see payload.js.
   * @param {string} options.decoder the name of the weights with which `decode` works.
   * @param {string} options.weights the first 4 bytes of their SHA-256, in hexadecimal.
   * @param {(luma: Uint8Array, width: number, height: number, quality: number) => Promise<Uint8Array>}
   *     options.encodeBase makes a grey file.
   * @param {(file: Uint8Array) => Promise<Uint8Array>} options.decodeBase gives the luma of a grey file.
   */
  constructor({ rgba, width, height, ...others }) {
    Object.assign(this, others, { rgba, width, height });
    const { luma, grids } = lumaAndGrids(rgba, height, width);
    this.luma = luma;
    this.#grids = grids;
  }

  /**
   * A grey file of this quality, and colours to match it: of the settings of LADDER those with the least sum of squared
   * errors and of bytes, at what a byte of the grey file is worth.
   *
   * @param {number} quality 1 to 95.
   * @param {object} [options]
   * @param {number} [options.finest] pixels of the smallest cells: 16, 8 or 4; what pays most if none is given.
   * @param {number} [options.effort] 0: one setting is tried; else several, for as long as it gets better.
   * @param {(share: number) => void} [options.onProgress] is told how much is done, 0 to 1; it may leap at the end.
   * @param {AbortSignal} [options.signal] ends it between two settings, with the signal's reason as the error.
   * @returns {Promise<{base: Uint8Array, payload: Uint8Array, luma: Uint8Array, rgba: Uint8ClampedArray,
   *     quality: number, psnr: number}>} base: the grey file; luma and rgba: what is decoded of it, with the colours.
   */
  async at(quality, { finest, effort = 5, onProgress = () => {}, signal } = {}) {
    signal?.throwIfAborted();
    const ladder = LADDER.filter(([last]) => !finest || last === finest);
    const base = await this.encodeBase(this.luma, this.width, this.height, quality);
    const luma = await this.decodeBase(base);
    const price = await this.#price(quality);
    const { payload, rgba } = await this.#best(luma, price, { ladder, effort, onProgress, signal });
    onProgress(1);
    return { base, payload, luma, rgba, quality, psnr: psnr(this.rgba, rgba) };
  }

  /** By how much squared errors over R, G and B fall for a byte more of luma, at this quality. */
  async #price(quality) {
    const low = Math.min(Math.max(quality - NEIGHBOUR / 2, LEAST), MOST - NEIGHBOUR);
    const errors = [];
    const sizes = [];
    for (const each of [low, low + NEIGHBOUR]) {
      const file = await this.encodeBase(this.luma, this.width, this.height, each);
      errors.push(3 * squaredError(await this.decodeBase(file), this.luma));
      sizes.push(file.length);
    }
    return Math.max(errors[0] - errors[1], 0) / Math.max(sizes[1] - sizes[0], 1);
  }

  /**
   * Payload and photograph of the fineness in a ladder that costs least.
   *
   * It is looked for from that at which residuals are rounded by about this price, down, then up, for as long as it
   * gets better; over one that is worse as well, for the smallest cells change on the way.
   */
  async #best(luma, price, { ladder, effort, onProgress, signal }) {
    const costs = new Map();
    let best = null; // of the others nothing stays: they are large
    const cost = async (rung) => {
      if (!costs.has(rung)) {
        await new Promise((resolve) => setTimeout(resolve)); // for the signal to be heard of
        signal?.throwIfAborted();
        onProgress(costs.size / ladder.length);
        const tried = await this.#tried(ladder[rung], luma, price);
        costs.set(rung, tried.cost);
        if (!best || tried.cost <= best.cost) best = tried;
      }
      return costs.get(rung);
    };

    let now = this.#first(ladder, price);
    let least = await cost(now);
    for (const direction of effort > 0 ? [-1, 1] : []) {
      for (;;) {
        const near = [now + direction, now + 2 * direction].filter((rung) => rung >= 0 && rung < ladder.length);
        const better = [];
        for (const rung of near) if ((await cost(rung)) < least) better.push(rung);
        if (!better.length) break;
        now = better[0];
        least = await cost(now);
      }
    }
    return best;
  }

  /** The setting at which residuals are rounded by about a price. */
  #first(ladder, price) {
    const away = ladder.map((rung) => {
      const rounding = 8 * WORTH * new Layout([this.height, this.width], ...rung).price;
      return Math.abs(Math.log(rounding / Math.max(price, 1)));
    });
    return away.indexOf(Math.min(...away));
  }

  async #tried(rung, luma, price) {
    const pyramid = new Pyramid(new Layout([this.height, this.width], ...rung), luma, this.decode);
    const { residuals, grid } = await pyramid.encode(this.#grids, this.priors);
    const payload = writePayload(pyramid.layout, residuals, this.decoder, this.weights, this.priors);
    const rgba = await pyramid.joined(grid);
    return { cost: colorError(this.rgba, rgba) + price * payload.length, payload, rgba };
  }
}
