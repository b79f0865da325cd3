/** WebP: each record is a chunk at the end of an extended file, which readers pass over (RFC 9649). */

import { bytesOf, join, textAt, viewOf } from "./bytes.js";
import { DamagedContainer, cut } from "./errors.js";

const HEADER = 12;
const PRIVATE = "cgR"; // how the names of our chunks begin
const HAS_ALPHA = 0x10;

/** Whether some bytes begin as a WebP file does. */
export function isOne(bytes) {
  return textAt(bytes, 0, 4) === "RIFF" && textAt(bytes, 8, 4) === "WEBP";
}

/** See index.js. */
export function* find(bytes) {
  for (const { name, content } of chunks(bytes)) {
    if (name.startsWith(PRIVATE)) yield [name, content.slice()];
  }
}

/** See index.js. */
export function put(bytes, records) {
  const kept = [...chunks(bytes)].filter(({ name }) => !name.startsWith(PRIVATE));
  if (!kept.length) throw cut("WebP");
  if (kept.some(({ name }) => name === "ANIM" || name === "ANMF")) {
    throw new DamagedContainer("it is an animation, which can hold no colours");
  }
  if (records.size && kept[0].name !== "VP8X") kept.unshift({ name: "VP8X", content: extended(kept[0]) });
  for (const [name, content] of records) kept.push({ name, content });
  return file(kept);
}

/** See index.js. */
export function withoutExif(bytes) {
  return file([...chunks(bytes)].filter(({ name }) => name !== "EXIF"));
}

/** What the header of an extended file says of a simple one, from its only chunk. */
function extended({ name, content }) {
  const view = viewOf(content);
  let width, height, hasAlpha;
  if (name === "VP8 " && content.length >= 10 && textAt(content, 3, 3) === "\x9d\x01\x2a") {
    width = view.getUint16(6, true) & 0x3fff;
    height = view.getUint16(8, true) & 0x3fff;
    hasAlpha = false;
  } else if (name === "VP8L" && content.length >= 5 && content[0] === 0x2f) {
    const bits = view.getUint32(1, true);
    width = (bits & 0x3fff) + 1;
    height = ((bits >>> 14) & 0x3fff) + 1;
    hasAlpha = Boolean((bits >>> 28) & 1);
  } else {
    throw cut("WebP");
  }
  if (!(width && height)) throw cut("WebP");
  const header = new Uint8Array(10);
  header[0] = hasAlpha ? HAS_ALPHA : 0;
  viewOf(header).setUint16(4, width - 1, true); // in 24 bits, of which the last eight are 0: a side has 14
  viewOf(header).setUint16(7, height - 1, true);
  return header;
}

function file(chunks) {
  return chunk("RIFF", join([bytesOf("WEBP"), ...chunks.map(({ name, content }) => chunk(name, content))]));
}

function chunk(name, content) {
  const whole = join([bytesOf(name), new Uint8Array(4), content, new Uint8Array(content.length % 2)]);
  viewOf(whole).setUint32(4, content.length, true);
  return whole;
}

/** Name and content of all chunks. */
function* chunks(bytes) {
  const view = viewOf(bytes);
  const last = view.getUint32(4, true) + 8;
  if (last > bytes.length) throw cut("WebP");
  let position = HEADER;
  while (position < last) {
    if (position + 8 > last) throw cut("WebP");
    const length = view.getUint32(position + 4, true);
    const end = position + 8 + length;
    if (end > last) throw cut("WebP");
    yield { name: textAt(bytes, position, 4), content: bytes.subarray(position + 8, end) };
    position = end + (length % 2);
  }
}
