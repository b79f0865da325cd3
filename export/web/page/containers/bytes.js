/** Bytes and what is written in them. */

/** The bytes of several parts, one behind the other. */
export function join(parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}

/** A DataView of all the bytes of a Uint8Array. */
export function viewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Some of the bytes as text, a letter each; shorter where the bytes end. */
export function textAt(bytes, start, length) {
  return String.fromCharCode(...bytes.subarray(start, start + length));
}

/** A text as bytes, one for each letter. */
export function bytesOf(text) {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
