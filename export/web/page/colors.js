/** Colours as the page shows and takes them: Y'CbCr of JPEG, full range. */

/** Cb and Cr, 0 for none, of a colour `#rrggbb`. */
export function chromaOf(text) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
  const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
  return [(blue - luma) / 1.772, (red - luma) / 1.402];
}

/** A CSS colour of Cb and Cr at middle luma. */
export function shown(cb, cr) {
  return `rgb(${128 + 1.402 * cr} ${128 - 0.344136 * cb - 0.714136 * cr} ${128 + 1.772 * cb})`;
}

/** RGBA of a grid, a pixel a cell, at middle luma. */
export function gridPicture(grid) {
  const rgba = new Uint8ClampedArray(grid.length * 2);
  for (let i = 0; i < grid.length / 2; i++) {
    const [cb, cr] = [grid[2 * i], grid[2 * i + 1]];
    rgba.set([128 + 1.402 * cr, 128 - 0.344136 * cb - 0.714136 * cr, 128 + 1.772 * cb, 255], 4 * i);
  }
  return rgba;
}

/** Draws a grid over the picture `after`, each cell's colour as a dot, and a frame around a chosen cell. */
export function drawGrid({ after, cells }, { grid, rows, columns }, side, { wanted, chosen }) {
  [cells.width, cells.height] = [after.width, after.height];
  const context = cells.getContext("2d");
  if (wanted) {
    context.strokeStyle = "#fff8";
    context.lineWidth = 0.5;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        context.strokeRect(column * side, row * side, side, side);
        if (Number.isNaN(grid[2 * (row * columns + column)])) continue;
        context.fillStyle = shown(...grid.subarray(2 * (row * columns + column), 2 * (row * columns + column) + 2));
        context.fillRect((column + 0.35) * side, (row + 0.35) * side, 0.3 * side, 0.3 * side);
      }
    }
  }
  if (chosen) {
    context.strokeStyle = "#fff";
    context.lineWidth = 2;
    context.strokeRect(chosen[1] * side, chosen[0] * side, side, side);
  }
}
