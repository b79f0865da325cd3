/** Colours for cells that nobody painted, from those that somebody did: Levin et al. 2004, of cells instead of pixels. */

/** Levels of luma by which neighbours differ where colour hardly passes any more. */
const EDGE = 12;
/** Share that passes in any case. */
const LEAK = 1e-3;
/** Of successive over-relaxation, Young 1954. */
const RELAXATION = 1.8;
/** Cell updates after which it is enough, however many cells there are. */
const MOST_UPDATES = 2e6;

/**
 * Fills in a grid: each cell that has no colour, NaN, gets the mean of its neighbours' colours, which counts most where
 * luma is alike. Where no cell has a colour, all become grey.
 *
 * @param {Float32Array} grid Cb and Cr of each cell, row by row.
 * @param {ArrayLike<number>} luma of each cell.
 * @param {number} columns
 * @param {Float32Array} start of the cells without a colour: what was found before.
 * @param {number} most sweeps over all of them.
 * @returns {Float32Array}
 */
export function spread(grid, luma, columns, start, most) {
  const found = grid.map((value, i) => (Number.isNaN(value) ? start[i] : value));
  const unknown = [];
  for (let cell = 0; cell < luma.length; cell++) if (Number.isNaN(grid[2 * cell])) unknown.push(cell);
  if (unknown.length === luma.length) return found.fill(0);
  const links = unknown.map((cell) => linksOf(cell, luma, columns));
  const sweeps = Math.min(most, Math.ceil(MOST_UPDATES / Math.max(unknown.length, 1)));
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (let place = 0; place < unknown.length; place++) {
      const i = sweep % 2 ? unknown.length - 1 - place : place; // to and fro, for colours to run either way
      const at = 2 * unknown[i];
      let [cb, cr] = [0, 0];
      for (const [neighbour, share] of links[i]) {
        cb += share * found[2 * neighbour];
        cr += share * found[2 * neighbour + 1];
      }
      found[at] += RELAXATION * (cb - found[at]);
      found[at + 1] += RELAXATION * (cr - found[at + 1]);
    }
  }
  return found;
}

/** The neighbours of a cell and their shares, which are 1 together. */
function linksOf(cell, luma, columns) {
  const column = cell % columns;
  const neighbours = [cell - columns, cell + columns];
  if (column > 0) neighbours.push(cell - 1);
  if (column < columns - 1) neighbours.push(cell + 1);
  const links = neighbours
    .filter((each) => each >= 0 && each < luma.length)
    .map((each) => [each, Math.exp(-(((luma[each] - luma[cell]) / EDGE) ** 2) / 2) + LEAK]);
  const total = links.reduce((sum, [, share]) => sum + share, 0);
  return links.map(([each, share]) => [each, share / total]);
}
