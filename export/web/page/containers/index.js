/**
 * Private records with colours in grey JPEG, PNG, WebP and AVIF files, which show the same picture without them.
 *
 * The format is export/FORMAT.md, section Containers. Each kind of file is a module with `isOne(bytes)`; `find(bytes)`,
 * which yields the name and the bytes of each record; `put(bytes, records)`, which gives the file with these records
 * and no others; and `withoutExif(bytes)`. They do byte for byte what export/containers/*.py do.
 */

import * as avif from "./avif.js";
import { DamagedContainer } from "./errors.js";
import * as jpeg from "./jpeg.js";
import * as png from "./png.js";
import * as webp from "./webp.js";

const NAMES = ["cgRD", "cgRP"]; // the colours, and the ICC profile of what they are the colours of, deflated
const KINDS = { jpeg, png, webp, avif };

/** Records of a file: a Map of names to bytes, empty if it has none. DamagedContainer for a damaged file. */
export function records(bytes) {
  const found = [...moduleOf(bytes).find(bytes)].filter(([name]) => NAMES.includes(name));
  const byName = new Map(found);
  if (byName.size < found.length) throw new DamagedContainer("its colours are damaged: they stand in it twice");
  return byName;
}

/**
 * A file with these records in place of those that it had.
 *
 * DamagedContainer for a damaged file, or one that can hold none.
 *
 * @param {Uint8Array} bytes the file.
 * @param {Map<string, Uint8Array>} records by their names, in the order in which they are written.
 * @returns {Uint8Array}
 */
export function attach(bytes, records) {
  return moduleOf(bytes).put(bytes, records);
}

/** A file without its EXIF, of which a tag may turn the pixels. DamagedContainer for a damaged file. */
export function withoutExif(bytes) {
  return moduleOf(bytes).withoutExif(bytes);
}

/** "jpeg", "png", "webp" or "avif", by how a file begins; null for another one. */
export function kindOf(bytes) {
  return Object.keys(KINDS).find((kind) => KINDS[kind].isOne(bytes)) ?? null;
}

function moduleOf(bytes) {
  const kind = kindOf(bytes);
  if (kind === null) throw new DamagedContainer("it is no JPEG, PNG, WebP or AVIF file");
  return KINDS[kind];
}
