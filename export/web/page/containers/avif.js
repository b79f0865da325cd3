/** AVIF: each record is a `uuid` box (ISO/IEC 14496-12, 11.1) of an extended type of our own, with its name. */

import { bytesOf, join, textAt, viewOf } from "./bytes.js";
import { cut } from "./errors.js";

const OWN = "uuid\x8a\x1f\x3c\x52\x6d\x0b\x4e\x57\x9c\x43\x7b\x1e\x0d\x5f\xa2\x64";
const BRANDS = ["avif", "avis", "mif1", "miaf"];

/** Whether some bytes begin as an AVIF file does. */
export function isOne(bytes) {
  return textAt(bytes, 4, 4) === "ftyp" && BRANDS.includes(textAt(bytes, 8, 4));
}

/** See index.js. */
export function* find(bytes) {
  for (const { start, end } of boxes(bytes)) {
    if (isOwn(bytes, start)) yield [textAt(bytes, start + 24, 4), bytes.slice(start + 28, end)];
  }
}

/** See index.js. Boxes stand at the end: places in the file that other boxes name stay what they are. */
export function put(bytes, records) {
  const parts = [];
  for (const { start, end } of boxes(bytes)) {
    if (isOwn(bytes, start)) continue;
    const box = bytes.slice(start, end);
    const view = viewOf(box);
    if (view.getUint32(0) === 0) view.setUint32(0, box.length); // to the end of the file, which it no longer is
    parts.push(box);
  }
  for (const [name, record] of records) {
    const box = join([new Uint8Array(4), bytesOf(OWN + name), record]);
    viewOf(box).setUint32(0, box.length);
    parts.push(box);
  }
  return join(parts);
}

/** See index.js. It is the file as it is: readers of AVIF turn pixels by other boxes, not by EXIF. */
export function withoutExif(bytes) {
  return bytes;
}

function isOwn(bytes, start) {
  return textAt(bytes, start + 4, OWN.length) === OWN && viewOf(bytes).getUint32(start) !== 0;
}

/** Start and end of all boxes of the file. */
function* boxes(bytes) {
  const view = viewOf(bytes);
  let position = 0;
  while (position < bytes.length) {
    if (position + 8 > bytes.length) throw cut("AVIF");
    let length = view.getUint32(position);
    if (length === 1) {
      length = 0; // it follows, in 64 bits
      for (const byte of bytes.subarray(position + 8, position + 16)) length = 256 * length + byte;
    }
    const end = length === 0 ? bytes.length : position + length;
    if (end > bytes.length || end - position < (isOwn(bytes, position) ? 28 : 8)) throw cut("AVIF");
    yield { start: position, end };
    position = end;
  }
}
