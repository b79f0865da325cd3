/**
 * JPEG: records lie in APP15 segments, as ICC profiles do in APP2 ones.
 *
 * A segment holds the identifier, the record's name, the segment's number and how many there are (16 bits each), and up
 * to 65,515 bytes of the record.
 */

import { bytesOf, join, textAt, viewOf } from "./bytes.js";
import { DamagedContainer, cut } from "./errors.js";

const MARKER = 0xef;
const IDENTIFIER = "ColorGrid\0";
const HEAD = IDENTIFIER.length + 8;
const LONGEST = 0xffff - 2 - HEAD;
const SCAN = 0xda;
const END = 0xd9;
const EXIF_MARKER = 0xe1;
const EXIF = "Exif\0\0";
const FIRST_SEGMENTS = [0xe0, 0xe1, 0xe2]; // JFIF, EXIF and XMP, ICC: readers look for them at the beginning

/** Whether some bytes begin as a JPEG file does. */
export function isOne(bytes) {
  return textAt(bytes, 0, 3) === "\xff\xd8\xff";
}

/** See index.js. */
export function* find(bytes) {
  const view = viewOf(bytes);
  const parts = new Map();
  for (const { start, end, marker } of segments(bytes)) {
    if (!isOwn(bytes, start, marker)) continue;
    if (end - start < 4 + HEAD) throw cut("JPEG");
    const at = start + 4 + IDENTIFIER.length;
    const name = textAt(bytes, at, 4);
    if (!parts.has(name)) parts.set(name, []);
    const [number, count] = [view.getUint16(at + 4), view.getUint16(at + 6)];
    parts.get(name).push({ number, count, content: bytes.subarray(at + 8, end) });
  }
  for (const [name, found] of parts) {
    found.sort((one, other) => one.number - other.number);
    if (found.some(({ number, count }, index) => number !== index || count !== found.length)) {
      throw new DamagedContainer("its colours are damaged: a part of them is missing or stands twice");
    }
    yield [name, join(found.map((part) => part.content))];
  }
}

/** See index.js. */
export function put(bytes, records) {
  const before = [bytes.subarray(0, 2)];
  const after = [];
  let isFirst = true;
  let last = 2;
  for (const { start, end, marker } of segments(bytes)) {
    last = end;
    if (isOwn(bytes, start, marker)) continue;
    isFirst &&= FIRST_SEGMENTS.includes(marker);
    (isFirst ? before : after).push(bytes.subarray(start, end));
  }
  const own = [...records].flatMap(([name, record]) => split(name, record));
  return join([...before, ...own, ...after, bytes.subarray(last)]);
}

/** See index.js. */
export function withoutExif(bytes) {
  const kept = [bytes.subarray(0, 2)];
  let last = 2;
  for (const { start, at, end, marker } of segments(bytes)) {
    last = end;
    const isExif = marker === EXIF_MARKER && textAt(bytes, at + 4, EXIF.length) === EXIF;
    if (!isExif) kept.push(bytes.subarray(start, end));
  }
  return join([...kept, bytes.subarray(last)]);
}

/** Segments for a record. */
function split(name, record) {
  const count = Math.max(1, Math.ceil(record.length / LONGEST));
  return Array.from({ length: count }, (_, number) => {
    const part = record.subarray(number * LONGEST, (number + 1) * LONGEST);
    const segment = join([new Uint8Array(4), bytesOf(IDENTIFIER + name), new Uint8Array(4), part]);
    const view = viewOf(segment);
    view.setUint16(0, 0xff00 | MARKER);
    view.setUint16(2, 2 + HEAD + part.length);
    view.setUint16(HEAD, number);
    view.setUint16(HEAD + 2, count);
    return segment;
  });
}

function isOwn(bytes, start, marker) {
  return marker === MARKER && textAt(bytes, start + 4, IDENTIFIER.length) === IDENTIFIER;
}

/**
 * The segments before the first scan: where they start, where their marker stands, where they end, and which it is.
 *
 * Bytes that fill belong to the segment that follows them, unless it may be one of ours.
 */
function* segments(bytes) {
  const view = viewOf(bytes);
  let position = 2;
  for (;;) {
    const start = position;
    while (bytes[position] === 0xff && bytes[position + 1] === 0xff) position += 1;
    if (bytes[position] !== 0xff || position + 4 > bytes.length) throw cut("JPEG");
    const marker = bytes[position + 1];
    if (marker === SCAN || marker === END) return;
    const length = view.getUint16(position + 2);
    const at = position;
    position += 2 + length;
    if (length < 2 || position > bytes.length) throw cut("JPEG");
    yield { start: marker === MARKER ? at : start, at, end: position, marker };
  }
}
