/** How alike two photographs are, RGBA each: training/metrics/images.py. Alpha has no part in it. */

const PEAK = 255;
const COLORS = 3;
const SIGMA = 1.5;
const RADIUS = 5; // of the Gaussian window, which has 11 x 11 pixels
const STEADY = [(0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2]; // what keeps SSIM steady where there is no contrast
const PRODUCTS = 5; // x, y, x x, y y and x y

/** Peak signal-to-noise ratio in dB over R, G and B; 100 for equal ones. */
export function psnr(original, decoded) {
  const mean = colorError(original, decoded) / ((original.length / 4) * COLORS);
  return -10 * Math.log10(Math.max(mean / PEAK ** 2, 1e-10));
}

/** The sum of squared errors over R, G and B of all pixels. */
export function colorError(original, decoded) {
  let total = 0;
  for (let at = 0; at < original.length; at += 4) {
    for (let color = at; color < at + COLORS; color++) total += (original[color] - decoded[color]) ** 2;
  }
  return total;
}

/** The sum of squared errors of all numbers of two arrays, such as luma. */
export function squaredError(original, decoded) {
  let total = 0;
  for (let at = 0; at < original.length; at++) total += (original[at] - decoded[at]) ** 2;
  return total;
}

/**
 * Structural similarity over R, G and B (Wang et al. 2004: Gaussian window, sigma 1.5).
 *
 * @param {Uint8ClampedArray} original at least 11 x 11 pixels.
 * @param {Uint8ClampedArray} decoded
 * @param {number[]} size height and width.
 */
export function ssim(original, decoded, [height, width]) {
  const window = gaussian();
  const rows = height - 2 * RADIUS;
  const columns = width - 2 * RADIUS;
  let total = 0;
  for (let color = 0; color < COLORS; color++) {
    for (let row = 0; row < rows; row++) {
      const sums = sumsDown(original, decoded, row * width * 4 + color, width, window);
      for (let column = 0; column < columns; column++) total += similarity(sums, column, window);
    }
  }
  return total / (rows * columns * COLORS);
}

/** Weighted sums of one colour and of its products, down the window: for each column `PRODUCTS` side by side. */
function sumsDown(original, decoded, from, width, window) {
  const sums = new Float64Array(width * PRODUCTS);
  for (let down = 0; down < window.length; down++) {
    const weight = window[down];
    for (let column = 0; column < width; column++) {
      const at = from + (down * width + column) * 4;
      const x = original[at];
      const y = decoded[at];
      const to = column * PRODUCTS;
      sums[to] += weight * x;
      sums[to + 1] += weight * y;
      sums[to + 2] += weight * (x * x);
      sums[to + 3] += weight * (y * y);
      sums[to + 4] += weight * (x * y);
    }
  }
  return sums;
}

/** The similarity in the window that begins at a column. */
function similarity(sums, column, window) {
  let [meanX, meanY, squareX, squareY, product] = [0, 0, 0, 0, 0];
  for (let right = 0; right < window.length; right++) {
    const weight = window[right];
    const at = (column + right) * PRODUCTS;
    meanX += weight * sums[at];
    meanY += weight * sums[at + 1];
    squareX += weight * sums[at + 2];
    squareY += weight * sums[at + 3];
    product += weight * sums[at + 4];
  }
  const means = meanX * meanX + meanY * meanY;
  const above = (2 * meanX * meanY + STEADY[0]) * (2 * (product - meanX * meanY) + STEADY[1]);
  return above / ((means + STEADY[0]) * (squareX + squareY - means + STEADY[1]));
}

function gaussian() {
  const places = Array.from({ length: 2 * RADIUS + 1 }, (_, i) => i - RADIUS);
  const bell = Float64Array.from(places, (place) => Math.exp(-(place ** 2) / (2 * SIGMA ** 2)));
  const total = bell.reduce((sum, weight) => sum + weight);
  return bell.map((weight) => weight / total);
}
