/** What of the page has logic and needs no browser: tiles, strokes, painting and colours. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { rgbaOf } from "../../export/web/page/codec/pyramid.js";
import { chromaOf, gridPicture } from "../../export/web/page/colors.js";
import { CELL, Painting } from "../../export/web/page/painting.js";
import { Strokes } from "../../export/web/page/strokes.js";
import { spread } from "../../export/web/page/spread.js";
import { SEEN, tiles } from "../../export/web/page/tiles.js";

test("tiles cover each cell once, with all that matters to them", () => {
  for (const [rows, columns, most] of [
    [1, 1, 9],
    [3, 50, 16],
    [70, 70, 256],
    [33, 100, 512],
    [200, 7, 64],
  ]) {
    const covered = new Uint8Array(rows * columns);
    const sizes = new Set();
    for (const { part, seen } of tiles(rows, columns, most)) {
      assert.ok(part.rows * part.columns <= most);
      for (let row = part.top; row < part.top + part.rows; row++) {
        for (let column = part.left; column < part.left + part.columns; column++) covered[row * columns + column]++;
      }
      assert.ok(seen.top <= Math.max(part.top - SEEN, 0) && seen.left <= Math.max(part.left - SEEN, 0));
      assert.ok(seen.top + seen.rows >= Math.min(part.top + part.rows + SEEN, rows));
      assert.ok(seen.left + seen.columns >= Math.min(part.left + part.columns + SEEN, columns));
      assert.ok(seen.top >= 0 && seen.left >= 0 && seen.top + seen.rows <= rows && seen.left + seen.columns <= columns);
      sizes.add(`${seen.rows} ${seen.columns}`);
    }
    assert.ok(covered.every((count) => count === 1));
    assert.equal(sizes.size, 1, "one network serves all tiles");
  }
});

test("strokes are undone as one, and done again", () => {
  const strokes = new Strokes(new Float32Array(2 * 12), 4);
  assert.deepEqual(strokes.dab(1, 1, 2, [5, -5]).cells, [5, 6, 9, 10]);
  assert.deepEqual(strokes.dab(1, 2, 1, [5, -5]).cells, [], "what has that colour already");
  strokes.dab(0, 3, 3, [1, 2]);
  strokes.end();
  const painted = strokes.grid.slice();
  strokes.dab(2, 0, 1, [9, 9]);
  strokes.end();
  strokes.undo();
  assert.deepEqual(strokes.grid, painted);
  strokes.undo();
  assert.ok(strokes.grid.every((value) => value === 0));
  assert.deepEqual(strokes.can, { undo: false, redo: true });
  strokes.redo();
  assert.deepEqual(strokes.grid, painted);
  strokes.dab(0, 0, 1, [7, 7]);
  strokes.end();
  assert.equal(strokes.can.redo, false, "what was undone is gone once something else is painted");
});

/** A decoder that looks two cells around, and keeps in mind which sizes it was asked for. */
function standIn() {
  const sizes = new Set();
  const decode = async (luma, [height, width], grid, n) => {
    const [rows, columns] = [Math.ceil(height / n), Math.ceil(width / n)];
    assert.equal(luma.length, height * width);
    assert.equal(grid.length, 2 * rows * columns);
    sizes.add(`${rows} ${columns}`);
    const chroma = new Float32Array(2 * height * width);
    for (let i = 0; i < chroma.length; i++) {
      const [row, column] = [Math.floor(i / 2 / width / n), Math.floor(((i >> 1) % width) / n)];
      for (let near = -2; near <= 2; near++) {
        const [y, x] = [Math.min(Math.max(row + near, 0), rows - 1), Math.min(Math.max(column + near, 0), columns - 1)];
        chroma[i] += (grid[2 * (y * columns + x) + (i % 2)] * luma[i >> 1]) / 640;
      }
    }
    return chroma;
  };
  return { decode, sizes };
}

test("what is painted is what the whole picture would be there", async () => {
  const [height, width] = [CELL * 22 - 5, CELL * 30 - 3];
  const luma = Uint8Array.from({ length: height * width }, (_, i) => (i * 7) % 256);
  const { decode, sizes } = standIn();
  const grid = Float32Array.from({ length: 2 * 22 * 30 }, (_, i) => (i % 17) - 8);
  const painting = new Painting(luma, [height, width], grid, decode);
  await painting.warm();
  const [small] = sizes;
  for (const cell of [0, 29, 30 * 21, 30 * 22 - 1, 30 * 10 + 14]) {
    sizes.clear();
    const patch = await painting.paint([cell], [100, -90]);
    assert.deepEqual([...sizes], [small], "the network that is there already");
    const whole = rgbaOf(luma, await decode(luma, [height, width], painting.grid, CELL));
    for (let y = 0; y < patch.height; y++) {
      const from = 4 * ((patch.top + y) * width + patch.left);
      const row = whole.subarray(from, from + 4 * patch.width);
      assert.deepEqual(patch.rgba.subarray(4 * y * patch.width, 4 * (y + 1) * patch.width), row);
    }
  }
  const many = await painting.paint([31, 30 * 15 + 20], [1, 2, 3, 4]);
  assert.ok(many.height > CELL * 15 && many.width > CELL * 20);
});

test("what was painted and taken back leaves a grey picture grey", async () => {
  const { decode } = standIn();
  const unpainted = new Float32Array(2 * 12).fill(NaN);
  const painting = new Painting(new Uint8Array(64 * 48).fill(90), [64, 48], unpainted, decode);
  const grey = await painting.whole();
  await painting.paint([5], [40, 10]);
  const painted = await painting.whole();
  assert.ok(
    painted.every((value, i) => i % 4 !== 2 || value > 90),
    "colour spreads to all that is as light",
  );
  await painting.paint([5], [NaN, NaN]);
  assert.deepEqual(await painting.whole(), grey);
});

test("a grid of nothing is grey without the network", async () => {
  const painting = new Painting(new Uint8Array(400).fill(77), [20, 20], new Float32Array(8), () => assert.fail());
  assert.ok((await painting.whole()).every((value, i) => value === (i % 4 === 3 ? 255 : 77)));
});

test("colours spread over what is as light, and stop where it is not", () => {
  const columns = 12;
  const luma = Float32Array.from({ length: 8 * columns }, (_, i) => (i % columns < 6 ? 60 : 180));
  const grid = new Float32Array(2 * luma.length).fill(NaN);
  const start = new Float32Array(grid.length);
  assert.ok(spread(grid, luma, columns, start, 200).every((value) => value === 0));
  grid.set([30, -20], 2 * (3 * columns + 1));
  grid.set([-40, 10], 2 * (5 * columns + 10));
  const found = spread(grid, luma, columns, start, 200);
  for (let cell = 0; cell < luma.length; cell++) {
    const [cb, cr] = cell % columns < 6 ? [30, -20] : [-40, 10];
    assert.ok(Math.abs(found[2 * cell] - cb) < 4 && Math.abs(found[2 * cell + 1] - cr) < 4, `cell ${cell}`);
  }
});

test("colours", () => {
  assert.ok(chromaOf("#808080").every((value) => Math.abs(value) < 1e-9));
  const [cb, cr] = chromaOf("#ff0000");
  assert.ok(Math.abs(cb + 43.03) < 0.01 && Math.abs(cr - 127.5) < 0.01);
  assert.deepEqual([...gridPicture(Float32Array.of(0, 0, 0, 50))], [128, 128, 128, 255, 198, 92, 128, 255]);
});
