/** Colours as the page shows and takes them: Y'CbCr of JPEG, full range. */

/** Cb and Cr, 0 for none, of red, green and blue, 0 to 255. */
export function chromaOfRgb(red, green, blue) {
  const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
  return [(blue - luma) / 1.772, (red - luma) / 1.402];
}

/** Cb and Cr of a colour `#rrggbb`. */
export function chromaOf(text) {
  return chromaOfRgb(...[1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)));
}

/** Red, green and blue of Cb and Cr at middle luma. */
function rgbOf(cb, cr) {
  return [128 + 1.402 * cr, 128 - 0.344136 * cb - 0.714136 * cr, 128 + 1.772 * cb];
}

/** RGBA of a grid, a pixel a cell, at middle luma. */
export function gridPicture(grid) {
  const rgba = new Uint8ClampedArray(grid.length * 2);
  for (let i = 0; i < grid.length / 2; i++) rgba.set([...rgbOf(grid[2 * i], grid[2 * i + 1]), 255], 4 * i);
  return rgba;
}

/** Draws a grid over the picture `after`, each cell's colour as a dot, and a frame around a chosen cell. */
export function drawGrid({ after, cells }, { grid, rows, columns }, side, { wanted, chosen }) {
  if (cells.width !== after.width || cells.height !== after.height) {
    [cells.width, cells.height] = [after.width, after.height];
  }
  const context = cells.getContext("2d");
  context.clearRect(0, 0, cells.width, cells.height);
  if (wanted) {
    context.strokeStyle = "#fff8";
    context.lineWidth = 0.5;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        context.strokeRect(column * side, row * side, side, side);
        if (Number.isNaN(grid[2 * (row * columns + column)])) continue;
        const [cb, cr] = grid.subarray(2 * (row * columns + column), 2 * (row * columns + column) + 2);
        context.fillStyle = `rgb(${rgbOf(cb, cr).join(" ")})`;
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
