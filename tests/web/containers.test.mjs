/** The page's containers find and write what Python's do, and take any damage as damage. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { DamagedContainer } from "../../export/web/page/containers/errors.js";
import { attach, kindOf, records, withoutExif } from "../../export/web/page/containers/index.js";

const MUTATED = 200; // of each whole file

const vectors = JSON.parse(readFileSync(`${process.env.VECTORS}/vectors.json`));
const held = {};
for (const [name, found] of Object.entries(vectors.held)) {
  held[name] = new Map(found.map(([key, text]) => [key, bytesOf(text)]));
}

test("records are those that Python finds", () => {
  for (const { name, bytes, records: expected } of vectors.cases) {
    const found = answer(() => [...records(bytesOf(bytes))].map(([key, record]) => [key, hash(record)]));
    assert.deepEqual(found, expected, name);
  }
});

test("files with records are those that Python writes", () => {
  for (const { name, bytes, attached } of vectors.cases) {
    for (const [which, expected] of Object.entries(attached)) {
      assert.deepEqual(
        answer(() => hash(attach(bytesOf(bytes), held[which]))),
        expected,
        `${name}, with ${which}`,
      );
    }
  }
});

test("kinds are told by how files begin", () => {
  for (const { name, bytes, kind } of vectors.cases) assert.equal(kindOf(bytesOf(bytes)), kind, name);
});

test("what EXIF there is goes, and all else stays", () => {
  const files = [
    ["progressive jpeg", true],
    ["png", true],
    ["webp with alpha", true],
    ["jpeg", false],
  ];
  for (const [name, hasExif] of files) {
    const bytes = bytesOf(vectors.cases.find((each) => each.name === `${name}, small`).bytes);
    const bare = withoutExif(bytes);
    assert.deepEqual(records(bare), held.small, name);
    assert.deepEqual(withoutExif(bare), bare, name);
    assert.equal(/Exif\0\0|eXIf|EXIF/.test(Buffer.from(bytes).toString("latin1")), hasExif, name);
    assert.doesNotMatch(Buffer.from(bare).toString("latin1"), /Exif\0\0|eXIf|EXIF/, name);
    if (!hasExif) assert.deepEqual(bare, bytes, name);
  }
});

test("part of a larger buffer is read as a file", () => {
  for (const { name, bytes, records: expected } of vectors.cases.filter((each) => each.name.endsWith(", small"))) {
    const larger = bytesOf(Buffer.concat([Buffer.alloc(3), bytesOf(bytes), Buffer.alloc(5)]).toString("base64"));
    const found = answer(() => [...records(larger.subarray(3, -5))].map(([key, record]) => [key, hash(record)]));
    assert.deepEqual(found, expected, name);
  }
});

test("mutated files give records or are damaged, and what is written can be read", () => {
  const random = randomNumbers();
  let damaged = 0;
  let count = 0;
  for (const { bytes } of vectors.cases.filter((each) => / (small|more behind it)$/.test(each.name))) {
    for (let i = 0; i < MUTATED; i++) {
      const mutated = mutate(bytesOf(bytes), random);
      const found = answer(() => records(mutated));
      answer(() => withoutExif(mutated));
      const written = answer(() => attach(mutated, held.small));
      // In AVIF, a last box of ours without a length is no record, but gets a length and becomes one; in Python too.
      if (written.found && kindOf(mutated) !== "avif") assert.deepEqual(records(written.found), held.small);
      damaged += "error" in found;
      count += 1;
    }
  }
  assert.ok(count >= 4000 && damaged > count / 20 && damaged < count, `${damaged} of ${count} are damaged`);
});

test("many small parts take no long time", () => {
  const start = bytesOf(vectors.cases.find((each) => each.name === "jpeg").bytes).subarray(0, 2);
  const end = Uint8Array.of(0xff, 0xd9, 0, 0);
  const part = attach(new Uint8Array([...start, ...end]), held.empty).subarray(2, -4);
  const whole = Buffer.concat([start, ...Array(200_000).fill(part), end]);
  const before = performance.now();
  assert.match(answer(() => records(new Uint8Array(whole))).error, /missing or stands twice/);
  assert.ok(performance.now() - before < 20_000);
});

/** What a function gives, or the message of the damage that it finds; any other error is passed on. */
function answer(run) {
  try {
    return { found: run() };
  } catch (error) {
    if (!(error instanceof DamagedContainer)) throw error;
    return { error: error.message };
  }
}

/** A copy of some bytes with one to four of them changed, some cut away or some doubled. */
function mutate(bytes, random) {
  const changed = Buffer.from(bytes);
  for (let i = 0; i <= random(4); i++) changed[random(changed.length)] = [0, 1, 255, random(256)][random(4)];
  const [start, end] = [random(changed.length), random(changed.length)].sort((one, other) => one - other);
  const kept = [changed, changed.subarray(0, end), [...changed.subarray(0, end), ...changed.subarray(start)]];
  return Uint8Array.from(kept[Math.max(0, random(6) - 3)]);
}

/** A function that gives the same random whole numbers below its argument each time the test runs (xorshift). */
function randomNumbers() {
  let state = 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function bytesOf(text) {
  return new Uint8Array(Buffer.from(text, "base64"));
}

function hash(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}
