/** What the worker does: it opens, encodes and paints the one photograph that the page has open. */

import { decodeBase, decodePhotograph, encodeBase } from "./bases.js";
import { Encoder } from "./codec/encoder.js";
import { ssim } from "./codec/measures.js";
import { readPayload, residualsOf } from "./codec/payload.js";
import { Pyramid, lumaAndGrids } from "./codec/pyramid.js";
import { attach, kindOf, records } from "./containers/index.js";
import { Decoder, fetched } from "./decoder.js";
import { guess } from "./guess.js";
import { CELL, Painting } from "./painting.js";

const PAYLOAD = "cgRD";
const PRIORS = { probabilities: Uint16Array, counts: Uint8Array, weights: Int32Array };
const base = new URL("./", self.location).href;
const started = start();
started.catch(() => {}); // whoever waits for it is told

let photograph = null; // {rgba, width, height}: what is encoded
let painting = null;
let turn = Promise.resolve(); // messages are answered one after the other
let opening = new AbortController();
let encoding = new AbortController();

async function start() {
  const site = JSON.parse(new TextDecoder().decode(await fetched(`${base}colour-grid-site.json`)));
  const priors = {};
  for (const [name, Numbers] of Object.entries(PRIORS)) {
    priors[name] = Int32Array.from(new Numbers(await fetched(`${base}${name}.bin`)));
  }
  const decoder = await Decoder.open(base, site);
  return { site, priors, decode: decoder.decode.bind(decoder) };
}

/**
 * Answers `{id, name, argument}` with messages `{id, share}` on the way, and `{id, found}` or `{id, error}`: null for
 * what newer work took the place of.
 */
export function answer({ id, name, argument }) {
  if (name === "open") {
    opening.abort();
    opening = new AbortController();
  }
  if (["open", "encode", "paintFrom"].includes(name)) {
    encoding.abort();
    encoding = new AbortController();
  }
  const { signal } = name === "open" ? opening : encoding;
  const tell = (share) => self.postMessage({ id, share });
  turn = turn.then(async () => {
    try {
      const found = await ACTIONS[name](argument, tell, signal);
      self.postMessage({ id, found }, transferable(found));
    } catch (error) {
      self.postMessage({ id, error: error?.name === "AbortError" ? null : String(error?.message ?? error) });
    }
  });
}

const ACTIONS = {
  start: async () => ({ decoder: (await started).site.decoder }),
  open,
  encode,
  paintFrom,
  paint: ({ cells, colors }) => begun().paint(cells, colors),
  whole: async () => ({ rgba: await begun().whole() }),
  keep: async () => {
    const [height, width] = begun().size;
    photograph = { rgba: await painting.whole(), width, height };
  },
  grid: ({ n }) => {
    const { rgba, width, height } = photograph;
    return { grid: Float32Array.from(lumaAndGrids(rgba, height, width).grids.get(n)), n, width, height };
  },
};

/** The painting; what is still to be done to that of a picture that is open no more is not done. */
function begun() {
  if (!painting) throw new DOMException("", "AbortError");
  return painting;
}

/** Opens a file: a photograph, or a colour-grid file, decoded; `trouble` is why it is shown without colours. */
async function open({ bytes }, tell, signal) {
  signal.throwIfAborted();
  const { payload, trouble } = payloadOf(bytes);
  const began = performance.now();
  const picture = payload ? await decodeBase(bytes) : await decodePhotograph(bytes);
  [photograph, painting] = [picture, null];
  const { luma, width, height } = picture;
  const found = { width, height, rgba: picture.rgba.slice(), grey: picture.grey ?? true, trouble };
  if (!payload) return found;
  try {
    const { site, priors, decode } = await started;
    const read = readPayload(payload);
    if (read.layout.size.join() !== [height, width].join()) {
      throw new Error("its colours are of a picture of another size: it was resized or cut");
    }
    if (read.decoder !== site.decoder || read.weights !== site.weights) {
      throw new Error(`its colours are for ${read.decoder} (${read.weights}), and this page has another decoder`);
    }
    tell(0.2);
    const pyramid = new Pyramid(read.layout, luma, decode);
    picture.rgba = await pyramid.joined(await pyramid.decode(residualsOf(read, priors)));
    const info = { bytes: bytes.length, colorBytes: payload.length, finest: read.layout.last };
    return { ...found, decoded: picture.rgba.slice(), info: { ...info, ms: performance.now() - began } };
  } catch (error) {
    return { ...found, trouble: error.message };
  }
}

/** The colours that a file holds, if any, and what is wrong with it as one that might hold some. */
function payloadOf(bytes) {
  try {
    return { payload: kindOf(bytes) && records(bytes).get(PAYLOAD) };
  } catch (error) {
    return { trouble: error.message };
  }
}

/** Encodes what is open as a colour-grid file. */
async function encode({ kind, quality, finest }, tell, signal) {
  signal.throwIfAborted();
  const { site, priors, decode } = await started;
  const { rgba, width, height } = photograph;
  const began = performance.now();
  const encoder = new Encoder({
    rgba,
    width,
    height,
    decode,
    priors,
    decoder: site.decoder,
    weights: site.weights,
    encodeBase: (...of) => {
      signal.throwIfAborted();
      return encodeBase(kind, ...of);
    },
    decodeBase: async (bytes) => (await decodeBase(bytes)).luma,
  });
  const found = await encoder.at(quality, { onProgress: tell, signal, finest });
  signal.throwIfAborted();
  const bytes = attach(found.base, new Map([[PAYLOAD, found.payload]]));
  return {
    bytes,
    rgba: found.rgba,
    lumaBytes: bytes.length - found.payload.length,
    colorBytes: found.payload.length,
    finest: readPayload(found.payload).layout.last,
    psnr: found.psnr,
    ssim: ssim(rgba, found.rgba, [height, width]),
    ms: performance.now() - began,
  };
}

/** Begins to paint what is open: with its own colours, with none, or with a guess; `colors` is own, none or guess. */
async function paintFrom({ colors }) {
  const { decode } = await started;
  const { rgba, width, height } = photograph;
  const { luma, grids } = lumaAndGrids(rgba, height, width);
  const size = [height, width];
  const cells = size.map((side) => Math.ceil(side / CELL));
  const grid = {
    own: () => Float32Array.from(grids.get(CELL)),
    none: () => new Float32Array(2 * cells[0] * cells[1]).fill(NaN),
    guess: () => guess(`${base}colorizer.tflite`, luma, size, cells),
  };
  painting = new Painting(luma, size, await grid[colors](), decode);
  await painting.warm();
  return { rgba: await painting.whole(), grid: painting.grid.slice(), columns: painting.columns };
}

/** The buffers of an answer, which are handed over and not copied. */
function transferable(found) {
  return Object.values(found ?? {}).flatMap((value) => (ArrayBuffer.isView(value) ? [value.buffer] : []));
}
