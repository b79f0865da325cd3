/** The page's codec does what Python's does, byte for byte, and takes any damage as damage. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Encoder } from "../../export/web/page/codec/encoder.js";
import { LADDER, Layout, levelOf } from "../../export/web/page/codec/layout.js";
import { LevelCoder } from "../../export/web/page/codec/levels.js";
import { psnr, ssim } from "../../export/web/page/codec/measures.js";
import { BitCounter, BitReader, BitWriter, RATES, SQUASH, STRETCH } from "../../export/web/page/codec/mixing.js";
import * as payload from "../../export/web/page/codec/payload.js";
import { Pyramid, lumaAndGrids, means, rgbaOf } from "../../export/web/page/codec/pyramid.js";

const DECODER = "crayon_edge-photographs";
const MUTATED = 300; // payloads
const HEADER_BYTES = 19;
/** Of export/FORMAT.md. */
const TABLES = [1527024960, 674897553, 3871656009];
const VECTOR_BYTES =
  "43470100ad7efd5d032c1800460032b88bd63bfda1d14298a07c1519a4e2e55522740aebff7ba23b4e3863775cbdfc3f61d7dddca76605" +
  "be58897392d53d3d";

const folder = process.env.VECTORS;
const vectors = JSON.parse(readFileSync(`${folder}/vectors.json`));
const priors = Object.fromEntries(
  ["probabilities", "counts", "weights"].map((name) => [
    name,
    new Int32Array(new Uint8Array(readFileSync(`${folder}/${name}.bin`)).buffer),
  ]),
);

test("tables are those of the format", () => {
  assert.deepEqual(vectors.tables, TABLES);
  assert.deepEqual([SQUASH, STRETCH, RATES].map(crcOf), TABLES);
});

test("steps are whole numbers", () => {
  const layout = new Layout([300, 300], 4, 44, 24);
  assert.deepEqual(layout.cells, [256, 128, 64, 32, 16, 8, 4]);
  const steps = layout.cells.flatMap((n) => layout.steps(n));
  assert.deepEqual(steps, [11, 13, 12, 14, 18, 20, 27, 31, 41, 47, 62, 70, 93, 105]);
});

test("the vector of the format is read and written", () => {
  const layout = new Layout([50, 70], 8, 44, 24);
  const residuals = new Map();
  for (const n of layout.cells) {
    const [rows, columns] = layout.shape(n);
    const found = Int32Array.from({ length: rows * columns * 2 }, (_, i) => Math.floor(((7 * i * i + n) % 11) / 4) - 1);
    if (n === 8) found[(3 * columns + 4) * 2 + 1] = -300;
    residuals.set(n, found);
  }
  const found = payload.readPayload(bytesOf(VECTOR_BYTES));
  assert.deepEqual(payload.residualsOf(found, priors), residuals);
  assert.equal(hexOf(payload.writePayload(layout, residuals, DECODER, found.weights, priors)), VECTOR_BYTES);
});

test("payloads are read and written as Python does", () => {
  const before = Object.values(priors).map(crcOf);
  for (const each of [...vectors.payloads, ...vectors.levels, ...vectors.pyramids]) {
    const found = payload.readPayload(bytesOf(each.bytes));
    assert.deepEqual(found.layout, new Layout(...each.layout));
    assert.deepEqual([found.decoder, found.weights], [DECODER, vectors.weights]);
    const residuals = residualsIn(each);
    assert.deepEqual(payload.residualsOf(found, priors), residuals);
    assert.equal(hexOf(payload.writePayload(found.layout, residuals, DECODER, found.weights, priors)), each.bytes);
  }
  assert.deepEqual(Object.values(priors).map(crcOf), before, "priors stay as they are");
});

test("levels of any residuals take the bytes and bits that they take in Python", () => {
  for (const each of vectors.levels) {
    const layout = new Layout(...each.layout);
    const residuals = residualsIn(each);
    const writer = new BitWriter();
    const counter = new BitCounter();
    const coders = [writer, counter].map((coder) => new LevelCoder(priors, coder));
    for (const n of layout.cells) {
      for (const coder of coders) coder.write(levelOf(n), layout.shape(n), layout.steps(n), residuals.get(n));
    }
    const body = writer.finish();
    assert.equal(hexOf(body), each.body);
    assert.ok(Math.abs(counter.bits - each.bits) < 1e-6 * each.bits);
    const reader = new LevelCoder(priors, new BitReader(body));
    for (const n of layout.cells) {
      assert.deepEqual(reader.read(levelOf(n), layout.shape(n), layout.steps(n)), residuals.get(n));
    }
  }
});

test("residuals are chosen as Python chooses them", () => {
  for (const each of vectors.levels) {
    const layout = new Layout(...each.layout);
    const coder = new LevelCoder(priors, new BitCounter());
    for (const { n, wanted, chosen, ...aim } of each.aims) {
      const found = coder.choose(levelOf(n), layout.shape(n), layout.steps(n), { wanted: unpacked(wanted), ...aim });
      assert.deepEqual(found, unpacked(chosen));
    }
  }
});

test("a photograph is encoded to the same bytes, and decoded to the same pixels", async () => {
  for (const each of vectors.pyramids) {
    const layout = new Layout(...each.layout);
    const { luma, grids } = lumaAndGrids(rgbaIn(each.rgb), ...layout.size);
    assert.deepEqual(luma, unpacked(each.luma));
    assert.deepEqual([...grids.keys()].map(String).sort(), Object.keys(each.grids).sort());
    for (const [n, grid] of grids) assertClose(grid, unpacked(each.grids[n]), 1e-9);

    const pyramid = new Pyramid(layout, luma, standIn);
    const { residuals, grid } = await pyramid.encode(grids, priors);
    assert.deepEqual(residuals, residualsIn(each));
    assert.equal(hexOf(payload.writePayload(layout, residuals, DECODER, vectors.weights, priors)), each.bytes);
    assertClose(grid, unpacked(each.grid), 1e-9);
    assert.deepEqual(await pyramid.decode(residuals), grid);
    assert.deepEqual(await pyramid.joined(grid), rgbaIn(each.joined));
  }
});

test("a grid is predicted from the one before, and from nothing if that is grey", async () => {
  const each = vectors.pyramids[3];
  const layout = new Layout(...each.layout);
  const grids = lumaAndGrids(rgbaIn(each.rgb), ...layout.size).grids;
  const pyramid = new Pyramid(layout, unpacked(each.luma), standIn);
  for (const n of layout.cells.slice(0, -1)) {
    assert.equal((await pyramid.predicted(n, grids.get(n))).length, grids.get(n / 2).length);
    const none = await pyramid.predicted(n, new Float64Array(grids.get(n).length));
    assert.ok(none.every((color) => color === 0));
  }
});

test("means are those of the numbers that there are", () => {
  const image = Float32Array.from({ length: 3 * 5 }, (_, i) => i);
  assert.deepEqual([...means(image, [3, 5], 1, 2)], [3, 5, 6.5, 10.5, 12.5, 14]);
});

test("the encoder chooses the payload that Python chooses", async () => {
  for (const { rgb, height, width, quality, effort, bytes, psnr } of vectors.files) {
    const rgba = rgbaIn(rgb);
    const encoder = new Encoder({ ...encoderOptions(), rgba, width, height });
    const shares = [];
    const found = await encoder.at(quality, { effort, onProgress: (share) => shares.push(share) });
    assert.equal(hexOf(found.payload), bytes);
    assert.ok(Math.abs(found.psnr - psnr) < 1e-9);
    assert.equal(found.quality, quality);
    assert.equal(found.rgba.length, rgba.length);
    assert.deepEqual(found.luma, await decodeBase(found.base));
    assert.deepEqual(shares, [...shares].sort());
    assert.deepEqual([shares[0], shares.at(-1)], [0, 1]);
  }
});

test("the encoder stops when it is told to", async () => {
  const { rgb, height, width } = vectors.files[0];
  const encoder = new Encoder({ ...encoderOptions(), rgba: rgbaIn(rgb), width, height });
  const stop = new AbortController();
  let calls = 0;
  const onProgress = () => ++calls === 2 && stop.abort();
  await assert.rejects(encoder.at(50, { onProgress, signal: stop.signal }), { name: "AbortError" });
  assert.ok(calls <= 3);
});

test("what cannot be read is an error, in the words of Python", () => {
  for (const { bytes, isDamaged, message } of vectors.damaged) {
    const kind = isDamaged ? payload.DamagedPayload : payload.UnknownPayload;
    const isAsInPython = (error) => error instanceof kind && error.message === message;
    assert.throws(() => payload.readPayload(bytesOf(bytes)), isAsInPython);
  }
});

test("what is changed or cut off is damaged", () => {
  const bytes = bytesOf(vectors.payloads[0].bytes);
  for (let place = 0; place < bytes.length; place++) {
    const changed = bytes.slice();
    changed[place] ^= 1 << (place % 8);
    assert.throws(() => payload.readPayload(changed), payload.DamagedPayload);
    assert.throws(() => payload.readPayload(bytes.slice(0, place)), payload.DamagedPayload);
  }
});

test("noise under a right checksum is read as what Python reads", () => {
  for (const { bytes, residuals } of vectors.mutated) {
    const found = payload.residualsOf(payload.readPayload(bytesOf(bytes)), priors);
    assert.deepEqual(Object.fromEntries([...found].map(([n, each]) => [n, crcOf(each)])), residuals);
  }
});

test("any bytes under a right checksum are an error of ours, or other numbers", () => {
  const bytes = bytesOf(vectors.payloads[0].bytes);
  const random = randomNumbers(1);
  for (let time = 0; time < MUTATED; time++) {
    const changed = bytes.slice(0, random() % 8 ? bytes.length : HEADER_BYTES + (random() % bytes.length));
    for (let count = 0; count < 3; count++) {
      const place = 2 + (random() % (changed.length - 2));
      if (place < 11 || place >= HEADER_BYTES) changed[place] = random(); // of the same size: others may be huge
    }
    new DataView(changed.buffer).setUint32(HEADER_BYTES - 4, payload.checksum(changed));
    try {
      const found = payload.readPayload(changed);
      for (const [n, each] of payload.residualsOf(found, priors)) {
        const [rows, columns] = found.layout.shape(n);
        assert.equal(each.length, rows * columns * 2);
      }
    } catch (error) {
      assert.ok(error instanceof payload.DamagedPayload || error instanceof payload.UnknownPayload, error);
    }
  }
});

test("what no file can hold is not written", () => {
  const written = (layout, residual, decoder = DECODER) =>
    payload.writePayload(layout, new Map([[16, Int32Array.of(residual, 0)]]), decoder, vectors.weights, priors);
  const layout = new Layout([16, 16], 16, 44);
  assert.throws(() => written(layout, 2 ** 22), { message: "residuals must be within 2,097,165" });
  assert.throws(() => written(layout, 0, "another"), RangeError);
  assert.throws(() => written(new Layout([16, 70000], 16, 44), 0), /at most 65,535 pixels, not 70,000/);
  assert.throws(() => new Layout([15, 40], 8, 44), /at least 16x16 pixels, not 40x15/);
});

test("colours are converted as in Python, to the last level", () => {
  const { rgb, luma, chroma, other, joined } = vectors.colors;
  const height = unpacked(luma).length / 100;
  const found = lumaAndGrids(rgbaIn(rgb), height, 100);
  assert.deepEqual(found.luma, unpacked(luma));
  assertClose(found.grids.get(4), means(unpacked(chroma), [height, 100], 2, 4), 0);
  assert.deepEqual(rgbaOf(unpacked(luma), unpacked(other)), rgbaIn(joined));
});

test("measures are those of Python", () => {
  const { size, rgb, changed, ...expected } = vectors.measures;
  const [one, other] = [rgbaIn(rgb), rgbaIn(changed)];
  assert.ok(Math.abs(psnr(one, other) - expected.psnr) < 1e-9);
  assert.ok(Math.abs(ssim(one, other, size) - expected.ssim) < 1e-9);
  assert.deepEqual([psnr(one, one), ssim(one, one, size)].map(Math.round), [100, 1]);
});

test("the ladder goes from coarse to fine", () => {
  const prices = LADDER.map((rung) => new Layout([64, 64], ...rung).price);
  assert.ok(prices.every((price, rung) => rung === 0 || price <= prices[rung - 1]));
});

/** The decoder of tests/web/codec_vectors.py: nearest cells, and an eighth of the luma. */
async function standIn(luma, [height, width], grid, n) {
  const chroma = new Float32Array(height * width * 2);
  const columns = Math.ceil(width / n);
  for (let place = 0; place < chroma.length; place++) {
    const pixel = place >> 1;
    const cell = Math.floor(Math.floor(pixel / width) / n) * columns + Math.floor((pixel % width) / n);
    chroma[place] = grid[2 * cell + (place & 1)] + (luma[pixel] - 128) / 8;
  }
  return chroma;
}

/** The base of tests/web/codec_vectors.py: runs of luma in steps of 100 - quality, each with its length. */
async function encodeBase(luma, width, height, quality) {
  assert.equal(luma.length, width * height);
  const step = 100 - quality;
  const found = [step];
  for (const each of luma) {
    const level = Math.floor(each / step);
    if (found.length > 1 && found.at(-2) === level && found.at(-1) < 255) found[found.length - 1]++;
    else found.push(level, 1);
  }
  return Uint8Array.from(found);
}

async function decodeBase(file) {
  const luma = [];
  for (let at = 1; at < file.length; at += 2) {
    const level = Math.min(file[at] * file[0] + Math.floor(file[0] / 2), 255);
    for (let count = 0; count < file[at + 1]; count++) luma.push(level);
  }
  return Uint8Array.from(luma);
}

function encoderOptions() {
  return { decode: standIn, priors, decoder: DECODER, weights: vectors.weights, encodeBase, decodeBase };
}

function residualsIn({ layout, residuals }) {
  return new Map(new Layout(...layout).cells.map((n) => [n, unpacked(residuals[n])]));
}

function rgbaIn(packed) {
  const rgb = unpacked(packed);
  const rgba = new Uint8ClampedArray((rgb.length / 3) * 4).fill(255);
  for (let at = 0; at < rgba.length; at += 4) rgba.set(rgb.subarray((at / 4) * 3, (at / 4) * 3 + 3), at);
  return rgba;
}

function unpacked({ type, data }) {
  return new globalThis[type](new Uint8Array(Buffer.from(data, "base64")).buffer);
}

function assertClose(found, expected, most) {
  assert.equal(found.length, expected.length);
  assert.ok(found.every((each, place) => Math.abs(each - expected[place]) <= most));
}

function crcOf(array) {
  let rest = -1;
  for (const byte of new Uint8Array(array.buffer)) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  }
  return ~rest >>> 0;
}

function bytesOf(hex) {
  return new Uint8Array(Buffer.from(hex, "hex"));
}

function hexOf(bytes) {
  return Buffer.from(bytes).toString("hex");
}

/** Whole numbers of 31 bits, the same ones for the same seed. */
function randomNumbers(seed) {
  let state = seed;
  return () => (state = (Math.imul(state, 1103515245) + 12345) >>> 1) >>> 4;
}
