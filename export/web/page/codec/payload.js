/** The bytes of a pyramid of colours: a header and the coded levels. zoo/codecs/payload.py; see export/FORMAT.md. */

import { crc32 } from "../crc32.js";
import { Layout, levelOf } from "./layout.js";
import { LevelCoder } from "./levels.js";
import { BitReader, BitWriter, LONGEST, UNARY } from "./mixing.js";

const MAGIC = [0x43, 0x47];
const VERSION = 1;
/** Names of decoders, by their numbers in files. */
const DECODERS = ["crayon_edge-photographs", "crayon_edge_m-photographs", "crayon_edge-pyramid"];
const HEADER_BYTES = 15; // before the checksum
const BODY = HEADER_BYTES + 4; // where it begins
const MOST_PIXELS_A_SIDE = 65535;
const LARGEST = UNARY + 2 ** (LONGEST + 1) - 1; // residual that can be told
const COST_OF_LEAST = 0.0007046129765893327; // bits that a bit costs at least: log2(65536 / 65504)
const REGISTER = 32; // bits that a coder may leave out at the end

/** The bytes are no payload, or no longer what was written. The message is one line. */
export class DamagedPayload extends Error {
  name = "DamagedPayload";
}

/** The payload is of a later version. The message is one line. */
export class UnknownPayload extends Error {
  name = "UnknownPayload";
}

/**
 * What a payload says of itself, and its coded levels. DamagedPayload or UnknownPayload if it cannot be read.
 *
 * @param {Uint8Array} bytes
 * @returns {{layout: Layout, decoder: string, weights: string, body: Uint8Array}} decoder: the name of the weights that
 *     it was made for; weights: the first 4 bytes of their SHA-256, in hexadecimal.
 */
export function readPayload(bytes) {
  if (bytes.length < BODY || bytes[0] !== MAGIC[0] || bytes[1] !== MAGIC[1]) {
    throw new DamagedPayload("its colours are damaged: no payload begins like that");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (view.getUint32(HEADER_BYTES) !== checksum(bytes)) {
    throw new DamagedPayload("its colours are damaged: the checksum is another");
  }
  const [version, number] = bytes.subarray(2);
  if (version !== VERSION || number >= DECODERS.length) {
    throw new UnknownPayload(
      `its colours are of version ${version} and for decoder ${number}: a newer version reads them`,
    );
  }
  const layout = layoutOf(bytes, view);
  const body = bytes.slice(BODY);
  if (body.length < leastBytes(layout)) {
    throw new DamagedPayload("its colours are damaged: so few bytes cannot hold as many levels");
  }
  const weights = Array.from(bytes.subarray(4, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { layout, decoder: DECODERS[number], weights, body };
}

/**
 * The residuals of all levels of what `readPayload` gave.
 *
 * @param {{layout: Layout, body: Uint8Array}} payload
 * @param {object} priors statistics to begin with: `probabilities`, `counts` and `weights`, Int32Arrays, which stay.
 * @returns {Map<number, Int32Array>} by pixels of their cells: row by row, Cb and Cr side by side.
 */
export function residualsOf({ layout, body }, priors) {
  const coder = new LevelCoder(priors, new BitReader(body));
  return new Map(layout.cells.map((n) => [n, coder.read(levelOf(n), layout.shape(n), layout.steps(n))]));
}

/**
 * The bytes of a pyramid. RangeError for one that cannot be written.
 *
 * @param {Layout} layout
 * @param {Map<number, Int32Array>} residuals as `residualsOf` gives them.
 * @param {string} decoder the name of the weights that it is for.
 * @param {string} weights the first 4 bytes of their SHA-256, in hexadecimal.
 * @param {object} priors as for `residualsOf`.
 * @returns {Uint8Array}
 */
export function writePayload(layout, residuals, decoder, weights, priors) {
  checkWritable(layout, residuals, decoder);
  const writer = new BitWriter();
  const coder = new LevelCoder(priors, writer);
  for (const n of layout.cells) coder.write(levelOf(n), layout.shape(n), layout.steps(n), residuals.get(n));
  const body = writer.finish();

  const bytes = new Uint8Array(BODY + Math.max(body.length, leastBytes(layout)));
  const view = new DataView(bytes.buffer);
  const [height, width] = layout.size;
  bytes.set([...MAGIC, VERSION, DECODERS.indexOf(decoder)]);
  view.setUint32(4, parseInt(weights, 16));
  bytes.set([Math.log2(layout.last), layout.step, layout.ratio], 8);
  view.setUint16(11, width);
  view.setUint16(13, height);
  bytes.set(body, BODY);
  view.setUint32(HEADER_BYTES, checksum(bytes));
  return bytes;
}

/** The checksum of a payload, whatever stands in its own place: CRC-32 of all else. */
export function checksum(bytes) {
  return crc32(bytes.subarray(0, HEADER_BYTES), bytes.subarray(BODY));
}

function layoutOf(bytes, view) {
  const size = [view.getUint16(13), view.getUint16(11)];
  try {
    return new Layout(size, 2 ** Math.min(bytes[8], 8), bytes[9], bytes[10]);
  } catch (error) {
    throw new DamagedPayload(`its colours are damaged: ${error.message}`);
  }
}

function checkWritable(layout, residuals, decoder) {
  if (!DECODERS.includes(decoder)) throw new RangeError(`no file can name the decoder ${decoder}`);
  const side = Math.max(...layout.size);
  if (side > MOST_PIXELS_A_SIDE) {
    throw new RangeError(`a side must have at most ${inWords(MOST_PIXELS_A_SIDE)} pixels, not ${inWords(side)}`);
  }
  for (const found of residuals.values()) {
    if (found.some((residual) => Math.abs(residual) > LARGEST)) {
      throw new RangeError(`residuals must be within ${inWords(LARGEST)}`);
    }
  }
}

/** Bytes that the residuals of a layout take at least, whatever they are: their number costs no more memory. */
function leastBytes(layout) {
  return Math.max(Math.ceil((layout.numbers * COST_OF_LEAST - REGISTER) / 8), 0);
}

function inWords(number) {
  return number.toLocaleString("en-US");
}
