/**
 * Parts of a large grid, one after the other through a network that sees only so far: see zoo/codecs/parts.py.
 * What fits into one part is one.
 */

/** Cells around a pixel beyond which an edge decoder sees nothing. */
export const SEEN = 10;

/**
 * Cuts a grid into parts of `most` cells at the most.
 *
 * @param {number} rows of the grid.
 * @param {number} columns of the grid.
 * @param {number} most cells of a part.
 * @returns {{part: object, seen: object}[]} `part` are the cells that a part decides, `seen` those that matter to it;
 *   each is `{top, left, rows, columns}` in the whole grid.
 */
export function tiles(rows, columns, most) {
  const height = Math.min(rows, Math.max(2 ** Math.floor(Math.log2(most) / 2), Math.floor(most / columns)));
  const width = Math.max(1, Math.floor(most / height));
  const found = [];
  for (let top = 0; top < rows; top += height) {
    for (let left = 0; left < columns; left += width) {
      const down = cut(top, height, rows);
      const across = cut(left, width, columns);
      found.push({
        part: { top, left, rows: down.kept, columns: across.kept },
        seen: { top: down.start, left: across.start, rows: down.seen, columns: across.seen },
      });
    }
  }
  return found;
}

function cut(first, side, length) {
  const seen = Math.min(side + 2 * SEEN, length);
  return { kept: Math.min(side, length - first), start: Math.min(Math.max(0, first - SEEN), length - seen), seen };
}
