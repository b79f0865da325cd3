/**
 * Whole numbers to bytes and back, bit by bit, by an adaptive range coder that mixes what contexts say.
 *
 * The JavaScript of zoo/codecs/mixing.py; the format is export/FORMAT.md, section Residuals. All arithmetic is that of
 * whole numbers. What does not fit into 32 bits with a sign is either computed in doubles, which hold it exactly, or
 * with `Math.imul(...) >>> 16`, which takes the product of 32 bits as one without a sign.
 */

/** Kinds of contexts, values that each may have, nodes of a number, and sets of weights. */
export const CONTEXTS = 12;
export const VALUES = 192;
export const NODES = 16;
export const SETS = 8;

/** Nodes: is the number 0, is it negative, and, from ABOVE on, is its magnitude above 1, above 2, ... above UNARY. */
export const ZERO = 0;
export const SIGN = 1;
export const ABOVE = 2;
export const UNARY = 14;

/** Probability 1. */
export const ONE = 65536;
/** Bits after the first, at most, of what is beyond UNARY. */
export const LONGEST = 20;

const LEAST = 32; // probability of a bit, of ONE
const MOST_COUNT = 255;
const LARGEST = 3072; // of stretched probabilities
const LEARNING_RATE = 6;
const LEARNING_SHIFT = 18;
const HALF = 1 << (LEARNING_SHIFT - 1);

const LOWER_KNOTS = [
  0, 1, 1, 2, 3, 5, 8, 13, 22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625, 24743,
];
const KNOTS = [...LOWER_KNOTS, ONE / 2, ...LOWER_KNOTS.map((knot) => ONE - knot).reverse()];

/** The probability, of ONE, of a stretched one, at `x + 3072`. */
export const SQUASH = Int32Array.from({ length: 2 * LARGEST }, (_, i) => {
  const knot = i >> 7;
  const rest = i & 127;
  const line = (KNOTS[knot] * (128 - rest) + KNOTS[knot + 1] * rest + 64) >> 7;
  return Math.min(Math.max(line, LEAST), ONE - LEAST);
});

/** The stretched probability of one of 4,096 parts. */
export const STRETCH = Int32Array.from({ length: 4096 }, (_, i) => {
  const below = SQUASH.findIndex((probability) => probability >= 16 * i + 8);
  return below < 0 ? LARGEST - 1 : below - LARGEST;
});

/** How far a probability moves towards a bit that was seen, of ONE, by how often one has been. */
export const RATES = Int32Array.from({ length: MOST_COUNT + 1 }, (_, count) => Math.floor(655360 / (10 * count + 16)));

/** Statistics of all levels, which say how probable a bit is and learn from what it was. */
export class Mixer {
  /** @param {{probabilities: Int32Array, counts: Int32Array, weights: Int32Array}} priors to begin with, copied. */
  constructor(priors) {
    this.probabilities = Uint16Array.from(priors.probabilities);
    this.counts = Uint8Array.from(priors.counts);
    this.weights = Int32Array.from(priors.weights);
    this.statistics = 0; // which are used: 2 k for Cb and 2 k + 1 for Cr of level k
    this.places = new Int32Array(CONTEXTS); // where those of each context begin
    this.opinions = new Int32Array(CONTEXTS); // what each said last
    this.set = 0; // of weights
  }

  /** Says which value a context has. */
  see(context, value) {
    this.places[context] = ((this.statistics * CONTEXTS + context) * VALUES + value) * NODES;
  }

  /** The probability of a one, of ONE, at a node. */
  predict(node) {
    const { probabilities, counts, weights, places, opinions } = this;
    const from = this.#weightsOf(node);
    let total = 0;
    for (let k = 0; k < CONTEXTS; k++) {
      const place = places[k] + node;
      const count = counts[place];
      // What has seldom been seen is trusted less.
      const opinion = ((STRETCH[probabilities[place] >> 4] * (count + 1)) / (count + 3)) | 0;
      opinions[k] = opinion;
      total += weights[from + k] * opinion;
    }
    if (total >= LARGEST * ONE) return SQUASH[2 * LARGEST - 1];
    if (total < -LARGEST * ONE) return SQUASH[0];
    return SQUASH[(total >> 16) + LARGEST];
  }

  /** Moves weights and probabilities towards a bit of a node whose probability was the last that was asked for. */
  learn(node, probability, bit) {
    const { probabilities, counts, weights, places, opinions } = this;
    const from = this.#weightsOf(node);
    const push = LEARNING_RATE * ((bit ? ONE : 0) - probability);
    for (let k = 0; k < CONTEXTS; k++) {
      weights[from + k] += (Math.imul(opinions[k], push) + HALF) >> LEARNING_SHIFT;
      const place = places[k] + node;
      const count = counts[place];
      const known = probabilities[place];
      probabilities[place] = bit
        ? known + (Math.imul(ONE - 1 - known, RATES[count]) >>> 16)
        : known - ((Math.imul(known, RATES[count]) + ONE - 1) >>> 16); // what is taken away is rounded up
      if (count < MOST_COUNT) counts[place] = count + 1;
    }
  }

  #weightsOf(node) {
    return ((this.statistics * SETS + this.set) * NODES + node) * CONTEXTS;
  }
}

/** Codes bits as bytes. */
export class BitWriter {
  #low = 0;
  #high = 0xffffffff;
  #data = new Uint8Array(1 << 12);
  #length = 0;

  /** Writes a bit whose probability of being one is known, of ONE, and gives it back. */
  code(probability, bit) {
    const middle = between(this.#low, this.#high, probability);
    if (bit) this.#high = middle;
    else this.#low = middle + 1;
    while ((this.#low ^ this.#high) >>> 24 === 0) {
      this.#put(this.#high >>> 24);
      this.#low = (this.#low << 8) >>> 0;
      this.#high = ((this.#high << 8) | 255) >>> 0;
    }
    return bit;
  }

  /** All bytes, and no zeros at their end, for zeros are read after the last of them. Nothing may be coded after it. */
  finish() {
    let length = 0;
    let tail = this.#tail(length);
    while (tail > this.#high) tail = this.#tail(++length);
    for (let place = 0; place < length; place++) this.#put((tail >>> (24 - 8 * place)) & 255);
    while (this.#length > 0 && this.#data[this.#length - 1] === 0) this.#length--;
    return this.#data.slice(0, this.#length);
  }

  /** The least number from the lower bound on of which only the highest bytes are not zero. */
  #tail(length) {
    const unit = 256 ** (4 - length);
    return Math.ceil(this.#low / unit) * unit;
  }

  #put(byte) {
    if (this.#length === this.#data.length) {
      const longer = new Uint8Array(2 * this.#length);
      longer.set(this.#data);
      this.#data = longer;
    }
    this.#data[this.#length++] = byte;
  }
}

/** Reads bits from bytes; after the last of them come zeros. */
export class BitReader {
  #low = 0;
  #high = 0xffffffff;
  #code = 0;
  #data;
  #position = 0;

  /** @param {Uint8Array} data what a `BitWriter` wrote. */
  constructor(data) {
    this.#data = data;
    for (let place = 0; place < 4; place++) this.#shift();
  }

  /** The next bit, whose probability of being one is known, of ONE. */
  code(probability) {
    const middle = between(this.#low, this.#high, probability);
    const bit = this.#code <= middle ? 1 : 0;
    if (bit) this.#high = middle;
    else this.#low = middle + 1;
    while ((this.#low ^ this.#high) >>> 24 === 0) {
      this.#shift();
      this.#low = (this.#low << 8) >>> 0;
      this.#high = ((this.#high << 8) | 255) >>> 0;
    }
    return bit;
  }

  #shift() {
    const byte = this.#position < this.#data.length ? this.#data[this.#position++] : 0;
    this.#code = ((this.#code << 8) | byte) >>> 0;
  }
}

/** Counts bits instead of writing them. */
export class BitCounter {
  /** How many it took so far. */
  bits = 0;

  /** Counts a bit whose probability of being one is known, of ONE, and gives it back. */
  code(probability, bit) {
    this.bits -= Math.log2((bit ? probability : ONE - probability) / ONE);
    return bit;
  }
}

/**
 * A whole number by the contexts that a mixer sees: coded and given back, or read.
 *
 * @param {BitWriter | BitReader | BitCounter} coder what is done with its bits.
 * @param {Mixer} mixer learns from them.
 * @param {number} number of no meaning where one is read.
 */
export function codeNumber(coder, mixer, number) {
  if (codeNode(coder, mixer, ZERO, number === 0 ? 1 : 0)) return 0;
  const isNegative = codeNode(coder, mixer, SIGN, number < 0 ? 1 : 0);
  const wanted = Math.abs(number);
  let magnitude = 1;
  while (magnitude <= UNARY && codeNode(coder, mixer, ABOVE + magnitude - 1, wanted > magnitude ? 1 : 0)) magnitude++;
  if (magnitude > UNARY) magnitude = UNARY + codeRest(coder, wanted - UNARY);
  return isNegative ? -magnitude : magnitude;
}

function codeNode(coder, mixer, node, wanted) {
  const probability = mixer.predict(node);
  const bit = coder.code(probability, wanted);
  mixer.learn(node, probability, bit);
  return bit;
}

/** A positive whole number in Exp-Golomb code. */
function codeRest(coder, number) {
  let length = 0;
  while (length < LONGEST && coder.code(ONE / 2, number >> (length + 1) ? 1 : 0)) length++;
  let found = 1;
  for (let place = length - 1; place >= 0; place--) found = 2 * found + coder.code(ONE / 2, (number >> place) & 1);
  return found;
}

/** The last number of the lower part, which stands for a one, of all from low to high: doubles of up to 32 bits. */
function between(low, high, probability) {
  const span = high - low;
  return low + (span >>> 16) * probability + (((span & 0xffff) * probability) >>> 16);
}
