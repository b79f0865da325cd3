/** The checksum of PNG, CRC-32. */

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  return rest;
});

/** That of some bytes, one part behind the other, as an unsigned number. */
export function crc32(...parts) {
  let rest = -1;
  for (const part of parts) {
    for (const byte of part) rest = TABLE[(rest ^ byte) & 255] ^ (rest >>> 8);
  }
  return ~rest >>> 0;
}
