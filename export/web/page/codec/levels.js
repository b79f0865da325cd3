/**
 * Residuals of a pyramid of colours, coded level by level: zoo/codecs/pyramid_coder.py.
 *
 * Of each level first Cb, then Cr, row by row. What a residual may look like its contexts tell, which are those of
 * export/FORMAT.md: the same letters and names stand there.
 */

import { ABOVE, Mixer, ONE, SIGN, UNARY, ZERO, codeNumber } from "./mixing.js";

const CHOICES = 3; // numbers that are tried for a residual: the nearest, and those nearer to zero
const CLASSES = Uint8Array.of(0, 1, 2, 3, 3, 4, 4, 5, 5, 5, 6, 6, 6, 6, 6);
const MARGIN = 2; // zeros around a plane, so that its contexts need not ask where it ends

/** Codes the levels of one pyramid after each other, from the coarsest on. */
export class LevelCoder {
  #mixer;
  #coder;
  #before = null;

  /**
   * @param {object} priors statistics to begin with, see `Mixer`.
   * @param {object} coder what is done with bits: a `BitWriter`, `BitReader` or `BitCounter` of mixing.js.
   */
  constructor(priors, coder) {
    this.#mixer = new Mixer(priors);
    this.#coder = coder;
  }

  /**
   * Codes the residuals of a level.
   *
   * @param {number} level its number, 0 for cells of 256 pixels.
   * @param {number[]} shape rows and columns.
   * @param {number[]} steps of Cb and Cr, in sixteenths.
   * @param {Int32Array} residuals row by row, Cb and Cr side by side.
   */
  write(level, shape, steps, residuals) {
    this.#code(level, shape, steps, (place) => residuals[place]);
  }

  /** The residuals of a level, Int32Array as above, read from a `BitReader`. */
  read(level, shape, steps) {
    return this.#code(level, shape, steps, () => 0);
  }

  /**
   * Residuals of a level, Int32Array as above, chosen by rate and distortion, and coded.
   *
   * @param {object} aim `wanted`, what they would be without rounding; `weights` for Cb and Cr, what the square of a
   *     rounding costs; `price`, what a bit costs.
   */
  choose(level, shape, steps, { wanted, weights, price }) {
    const choose = (place, plane) => nearestWorth(this.#mixer, wanted[place], weights[plane], price);
    return this.#code(level, shape, steps, choose);
  }

  /** Residuals that `numberAt(place, plane)` gives, coded, or read in their stead. */
  #code(level, [rows, columns], steps, numberAt) {
    const found = new Int32Array(rows * columns * 2);
    const before = this.#before ?? [0, 1].map(() => new Plane((rows + 1) >> 1, (columns + 1) >> 1));
    const planes = [];
    for (let plane = 0; plane < 2; plane++) {
      this.#mixer.statistics = 2 * level + plane;
      const here = new Plane(rows, columns);
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          look(this.#mixer, here, planes[0], before[plane], steps[plane], row, column);
          const place = (row * columns + column) * 2 + plane;
          const number = codeNumber(this.#coder, this.#mixer, numberAt(place, plane));
          found[place] = number;
          here.residuals[here.place(row, column)] = number;
        }
      }
      here.color(before[plane], steps[plane]);
      planes.push(here);
    }
    this.#before = planes;
    return found;
  }
}

/** Cb or Cr of one level: residuals, with zeros around them, and colours without any prediction. */
class Plane {
  constructor(rows, columns) {
    this.rows = rows;
    this.columns = columns;
    this.stride = columns + 2 * MARGIN;
    this.residuals = new Int32Array((rows + 2 * MARGIN) * this.stride);
    this.colors = new Float64Array(rows * columns); // whole numbers, which may have more than 32 bits
  }

  /** Where a residual stands. */
  place(row, column) {
    return (row + MARGIN) * this.stride + column + MARGIN;
  }

  /** The sum of the magnitudes of the four residuals beside one. */
  around(place) {
    const { residuals, stride } = this;
    const beside = Math.abs(residuals[place - 1]) + Math.abs(residuals[place + 1]);
    return beside + Math.abs(residuals[place - stride]) + Math.abs(residuals[place + stride]);
  }

  /** Works out the colours, from those of the level before. */
  color(before, step) {
    for (let row = 0; row < this.rows; row++) {
      for (let column = 0; column < this.columns; column++) {
        const covered = before.colors[(row >> 1) * before.columns + (column >> 1)];
        this.colors[row * this.columns + column] = covered + this.residuals[this.place(row, column)] * step;
      }
    }
  }
}

/** Shows a mixer the contexts of a residual, and says which set of weights mixes them. `first` is Cb, of Cr only. */
function look(mixer, here, first, before, step, row, column) {
  const { residuals, stride } = here;
  const at = here.place(row, column);
  const left = residuals[at - 1];
  const above = residuals[at - stride];
  const corner = residuals[at - stride - 1];
  const near = Math.abs(left) + Math.abs(above);
  const wide =
    2 * near +
    Math.abs(corner) +
    Math.abs(residuals[at - stride + 1]) +
    Math.abs(residuals[at - 2]) +
    Math.abs(residuals[at - 2 * stride]);

  // Four residuals have one parent: what is known already of the others.
  const isLower = row & 1;
  const isRight = column & 1;
  const siblings = (isRight ? left : 0) + (isLower ? above : 0) + (isLower & isRight ? corner : 0);
  const y = row >> 1;
  const x = column >> 1;
  const atParent = before.place(y, x);
  const parent = before.residuals[atParent];
  const parents = before.around(atParent);

  // The colours of the level before: how they differ towards the side on which this one lies, and all around.
  const { colors, columns } = before;
  const lastY = before.rows - 1;
  const lastX = columns - 1;
  const atColor = y * columns + x;
  const color = colors[atColor];
  const nearY = isLower ? Math.min(y + 1, lastY) : Math.max(y - 1, 0);
  const nearX = isRight ? Math.min(x + 1, lastX) : Math.max(x - 1, 0);
  const down = colors[nearY * columns + x] - color;
  const right = colors[y * columns + nearX] - color;
  const across = colors[nearY * columns + nearX] - color;
  const slope = Math.floor((2 * (Math.abs(down) + Math.abs(right))) / step);
  const steep = Math.floor((2 * (Math.abs(down) + Math.abs(right) + Math.abs(across))) / step);
  let edges = y > 0 ? Math.abs(colors[atColor - columns] - color) : 0;
  if (y < lastY) edges += Math.abs(colors[atColor + columns] - color);
  if (x > 0) edges += Math.abs(colors[atColor - 1] - color);
  if (x < lastX) edges += Math.abs(colors[atColor + 1] - color);
  const tilt = signed(Math.floor((down + right) / step), 3);
  let aside = nearY !== y ? before.residuals[before.place(nearY, x)] : 0;
  if (nearX !== x) aside += before.residuals[before.place(y, nearX)];

  mixer.see(0, size(near) * 8 + size(slope));
  mixer.see(1, size(wide) * 8 + size(Math.floor(edges / step)));
  mixer.see(2, (isLower * 2 + isRight) * 16 + signed(siblings, 4));
  mixer.see(3, signed(left, 2) * 5 + signed(above, 2));
  mixer.see(4, size(Math.abs(parent)) * 8 + size(parents));
  mixer.see(5, size(parents + wide) * 8 + tilt);
  let other = 0;
  if (first) {
    const atFirst = first.place(row, column);
    other = first.residuals[atFirst];
    mixer.see(6, signed(other, 4) * 4 + Math.min(near, 3));
    mixer.see(7, size(first.around(atFirst)) * 8 + size(near + Math.abs(other)));
    mixer.see(8, signed(other, 3) * 9 + signed(siblings, 4));
  } else {
    mixer.see(6, size(wide + parents));
    mixer.see(7, size(wide) * 8 + size(Math.abs(parent)));
    mixer.see(8, size(slope));
  }
  mixer.see(9, signed(parent, 3) * 5 + signed(left + above, 2));
  mixer.see(10, signed(aside, 3) * 8 + size(Math.abs(aside)));
  mixer.see(11, Math.min(parents >> 1, 5) * 24 + size(steep) * 3 + Math.min(Math.abs(parent), 2));
  mixer.set = size(wide + (parents >> 1) + 2 * Math.abs(other));
}

/** A class of 0 to 7 for how large a number that is not negative is. */
function size(value) {
  return value < 15 ? CLASSES[value] : 7;
}

/** A class of 0 to 2 * most for a number. */
function signed(value, most) {
  return Math.min(Math.max(value, -most), most) + most;
}

const told = new Float64Array(CHOICES); // bits of the nearest number, and of those nearer to zero

/** The whole number with the least `weight * (number - wanted) ** 2 + price * bits`, of a few. */
function nearestWorth(mixer, wanted, weight, price) {
  const nearest = halfToEven(wanted);
  if (nearest === 0) return 0;
  const zero = mixer.predict(ZERO) / ONE;
  const towards = nearest > 0 ? 1 : -1;
  const magnitude = Math.abs(nearest);
  tellBits(mixer, zero, towards, magnitude);
  let best = 0;
  let least = weight * (wanted * wanted) + price * -Math.log2(zero);
  for (let k = 0; k < CHOICES && k < magnitude; k++) {
    const number = nearest - towards * k;
    const rounding = number - wanted;
    const worth = weight * (rounding * rounding) + price * told[k];
    if (worth < least) {
      best = number;
      least = worth;
    }
  }
  return best;
}

/** Leaves in `told` what numbers of a sign and this magnitude, or some less, would take; nothing is learned. */
function tellBits(mixer, zero, towards, magnitude) {
  const sign = mixer.predict(SIGN) / ONE;
  let bits = -Math.log2(1 - zero);
  bits -= Math.log2(towards < 0 ? sign : 1 - sign);
  for (let each = 1; each <= Math.min(magnitude, UNARY); each++) {
    const isAbove = mixer.predict(ABOVE + each - 1) / ONE;
    if (magnitude - each < CHOICES) told[magnitude - each] = bits - Math.log2(1 - isAbove);
    bits -= Math.log2(isAbove);
  }
  for (let each = Math.max(magnitude - CHOICES, UNARY) + 1; each <= magnitude; each++) {
    told[magnitude - each] = bits + 2 * (31 - Math.clz32(each - UNARY)) + 1;
  }
}

/** The nearest whole number; of two as near, the even one. */
function halfToEven(value) {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}
