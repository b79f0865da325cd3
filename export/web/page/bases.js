/**
 * Bases: ordinary grey files, of which each viewer shows the luma of a photograph. The Python twin is export/bases.py.
 *
 * The encoders are copies of the @jsquash packages' files, loaded when a file of their kind is first written. Decoders
 * are the browser's own.
 */

import { withoutExif } from "./containers/index.js";

const ENCODERS = { jpeg: loadJpeg, webp: loadWebp, avif: loadAvif };
const loaded = new Map();

/**
 * The bytes of a grey file.
 *
 * @param {"jpeg" | "webp" | "avif"} kind WebP has no grey: its red, green and blue are the same.
 * @param {Uint8Array} luma a byte for each pixel, row by row.
 * @param {number} width
 * @param {number} height
 * @param {number} quality 0 to 100.
 * @returns {Promise<Uint8Array>}
 */
export async function encodeBase(kind, luma, width, height, quality) {
  if (!loaded.has(kind)) loaded.set(kind, await ENCODERS[kind]());
  const { encoder, options } = loaded.get(kind);
  try {
    const encoded = encoder.encode(rgbaOf(luma), width, height, { ...options, quality });
    if (encoded) return encoded;
  } catch {
    // as where it gives nothing
  }
  loaded.delete(kind); // what failed once, for want of memory, fails ever after
  throw new Error(`the ${kind} encoder failed: the picture is too large for it`);
}

/**
 * The pixels of a grey file as they are stored: no profile is followed, and no orientation but that of an AVIF file.
 *
 * Where alpha is below 255, luma is less exact, and 0 where it is 0: a canvas holds its product with alpha.
 *
 * @param {Uint8Array} bytes a JPEG, PNG, WebP or AVIF file.
 * @returns {Promise<{luma: Uint8Array, width: number, height: number, rgba: Uint8ClampedArray}>}
 */
export async function decodeBase(bytes) {
  // Browsers turn pixels by the EXIF even where they are told not to: `imageOrientation` has no value for that.
  const found = await pixels(withoutExif(bytes), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  return { luma: lumaOf(found.rgba), ...found };
}

/**
 * The pixels of a photograph as they are to be seen: upright, and in sRGB.
 *
 * @param {Uint8Array} bytes
 * @returns {Promise<{width: number, height: number, rgba: Uint8ClampedArray, grey: boolean}>} grey: red, green and blue
 *   of each pixel differ by a level at most, as they do where a WebP was written from grey.
 */
export async function decodePhotograph(bytes) {
  const found = await pixels(bytes, {});
  return { grey: isGrey(found.rgba), ...found };
}

async function pixels(bytes, options) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(new Blob([bytes]), options);
  } catch {
    throw new Error("it is no picture that this browser can read");
  }
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { width, height, rgba: context.getImageData(0, 0, width, height).data };
}

async function loadJpeg() {
  const [{ default: create }, { defaultOptions }] = await Promise.all([
    import("./vendor/jsquash/jpeg/codec/enc/mozjpeg_enc.js"),
    import("./vendor/jsquash/jpeg/meta.js"),
  ]);
  // One component, the quantisation tables of the standard, no trellis: a quality is what it is for libjpeg.
  return { encoder: await create(), options: { ...defaultOptions, color_space: 1, quant_table: 0, trellis_loops: 0 } };
}

async function loadWebp() {
  const [{ default: create }, { defaultOptions }] = await Promise.all([
    import("./vendor/jsquash/webp/codec/enc/webp_enc_simd.js"),
    import("./vendor/jsquash/webp/meta.js"),
  ]);
  return { encoder: await create(), options: { ...defaultOptions, method: 6 } };
}

async function loadAvif() {
  const [{ default: create }, { defaultOptions }] = await Promise.all([
    import("./vendor/jsquash/avif/codec/enc/avif_enc.js"),
    import("./vendor/jsquash/avif/meta.js"),
  ]);
  return { encoder: await create(), options: { ...defaultOptions, speed: 6, subsample: 0 } }; // 4:0:0, luma alone
}

function rgbaOf(luma) {
  const rgba = new Uint8ClampedArray(4 * luma.length).fill(255);
  luma.forEach((level, i) => rgba.fill(level, 4 * i, 4 * i + 3));
  return rgba;
}

/** Luma of 8-bit pixels by the weights and the rounding of Pillow. */
function lumaOf(rgba) {
  const luma = new Uint8Array(rgba.length / 4);
  for (let i = 0; i < luma.length; i++) {
    luma[i] = (19595 * rgba[4 * i] + 38470 * rgba[4 * i + 1] + 7471 * rgba[4 * i + 2] + 32768) >> 16;
  }
  return luma;
}

function isGrey(rgba) {
  for (let i = 0; i < rgba.length; i += 4) {
    const [red, green, blue] = [rgba[i], rgba[i + 1], rgba[i + 2]];
    if (Math.max(red, green, blue) - Math.min(red, green, blue) > 1) return false;
  }
  return true;
}
