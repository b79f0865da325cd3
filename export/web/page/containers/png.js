/** PNG: each record is a chunk before the pixels: ancillary, private, unsafe to copy (PNG, 5.4). */

import { crc32 } from "../crc32.js";
import { bytesOf, join, textAt, viewOf } from "./bytes.js";
import { DamagedContainer, cut } from "./errors.js";

const SIGNATURE = "\x89PNG\r\n\x1a\n";
const PRIVATE = "cgR"; // how the names of our chunks begin

/** Whether some bytes begin as a PNG file does. */
export function isOne(bytes) {
  return textAt(bytes, 0, 8) === SIGNATURE;
}

/** See index.js. */
export function* find(bytes) {
  const view = viewOf(bytes);
  for (const { start, end, name } of chunks(bytes)) {
    if (!name.startsWith(PRIVATE)) continue;
    if (crc32(bytes.subarray(start + 4, end - 4)) !== view.getUint32(end - 4)) {
      throw new DamagedContainer("its colours are damaged: the checksum of their chunk is another");
    }
    yield [name, bytes.slice(start + 8, end - 4)];
  }
}

/** See index.js. */
export function put(bytes, records) {
  const own = [...records].map(([name, record]) => chunk(name, record));
  const parts = [bytes.subarray(0, SIGNATURE.length)];
  let last = SIGNATURE.length;
  for (const { start, end, name } of chunks(bytes)) {
    if (name === "IDAT") parts.push(...own.splice(0)); // before the first of them
    if (!name.startsWith(PRIVATE)) parts.push(bytes.subarray(start, end));
    last = end;
  }
  if (own.length) throw cut("PNG");
  return join([...parts, bytes.subarray(last)]);
}

/** See index.js. */
export function withoutExif(bytes) {
  const kept = [...chunks(bytes)].filter(({ name }) => name !== "eXIf");
  return join([bytes.subarray(0, SIGNATURE.length), ...kept.map(({ start, end }) => bytes.subarray(start, end))]);
}

function chunk(name, content) {
  const whole = join([new Uint8Array(4), bytesOf(name), content, new Uint8Array(4)]);
  const view = viewOf(whole);
  view.setUint32(0, content.length);
  view.setUint32(8 + content.length, crc32(whole.subarray(4, -4)));
  return whole;
}

/** Start, end and name of all chunks. */
function* chunks(bytes) {
  const view = viewOf(bytes);
  let position = SIGNATURE.length;
  let name = "";
  while (name !== "IEND") {
    if (position + 12 > bytes.length) throw cut("PNG");
    name = textAt(bytes, position + 4, 4);
    const end = position + 12 + view.getUint32(position);
    if (end > bytes.length) throw cut("PNG");
    yield { start: position, end, name };
    position = end;
  }
}
