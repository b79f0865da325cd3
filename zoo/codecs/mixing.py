"""Whole numbers to bytes and back, bit by bit, by an adaptive binary range coder that mixes what its contexts say.

A number is coded as bits: is it zero, its sign, is its magnitude above 1, 2 ... `UNARY`, and what is beyond that in
Exp-Golomb code of order 0, whose bits count as even. Each of the other bits is a node with its own statistics. A number
has a few contexts, one of each kind; for each of them and each node there is a probability of a one, and how often it
was seen. These opinions are mixed in the logistic domain, `squash(sum of weight * stretch(p))`, and the weights follow
the error of what came out, as in PAQ (Mahoney 2005, "Adaptive Weighing of Context Models for Lossless Data
Compression"). Everything is whole numbers, so that every machine reads what any other wrote.

The jitted functions are methods of one idea in all but syntax: `state` is `(probabilities, counts, weights)` of one
plane, int32 `(contexts, values, NODES)` twice and `(sets, NODES, contexts)`; `io` is where the coder is, int64
`[low, high, code, position]`.
"""

import numba
import numpy as np

UNARY = 14  # the largest magnitude that is told bit by bit
ZERO, SIGN, ABOVE = 0, 1, 2  # nodes; ABOVE + m - 1 says whether the magnitude is above m
NODES = ABOVE + UNARY
ONE = 1 << 16  # probability 1
LEAST = 32  # of a bit, of ONE
MOST_COUNT = 255
LOG_UNIT = 256  # of the logistic domain: a stretched probability is LOG_UNIT ln(p / (1 - p))
LARGEST = 12 * LOG_UNIT
FIRST_WEIGHT = ONE // 4
LEARNING_SHIFT = 18
LEARNING_RATE = 6
BOUNDS = (1 << 32) - 1
COST_OF_LEAST = float(np.log2(ONE / (ONE - LEAST)))  # bits that a bit costs at least
LONGEST = 20  # bits of what is beyond UNARY
ENCODE, DECODE, COUNT = 0, 1, 2  # what is done: bytes written, bytes read, bits counted

# ONE / (1 + exp(-k / 2)) for k from -24 to 24: between them `squash` is a straight line.
_KNOTS = np.array(
    [0, 1, 1, 2, 3, 5, 8, 13, 22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625, 24743]
    + [32768],
    np.int64,
)
_KNOTS = np.concatenate([_KNOTS, ONE - _KNOTS[-2::-1]])
_X = np.arange(2 * LARGEST)
_STEP = LOG_UNIT // 2
SQUASH = (_KNOTS[_X // _STEP] * (_STEP - _X % _STEP) + _KNOTS[_X // _STEP + 1] * (_X % _STEP) + _STEP // 2) // _STEP
SQUASH = SQUASH.clip(LEAST, ONE - LEAST).astype(np.int32)
STRETCH = (np.searchsorted(SQUASH, np.arange(4096) * 16 + 8) - LARGEST).clip(-LARGEST, LARGEST - 1).astype(np.int32)
# How far a probability moves towards a bit that was seen, by how often it has been: 1 / (count + 1.6), of ONE.
RATES = (10 * ONE // (10 * np.arange(MOST_COUNT + 1) + 16)).astype(np.int32)


def jit(function):
    """Compiled by numba, and kept for the next process where there is a folder to keep it in.

    What is kept is used for as long as the function's own file stays as it is: of functions in other files that call
    those of this one nothing may be kept.
    """
    try:
        return numba.njit(cache=True)(function)
    except RuntimeError:
        return numba.njit(function)


def fresh(contexts, values, sets, planes):
    """States in which nothing has been seen, one for each plane, with a first axis over them."""
    shape = (planes, contexts, values, NODES)
    weights = np.full((planes, sets, NODES, contexts), FIRST_WEIGHT, np.int32)
    return np.full(shape, ONE // 2, np.int32), np.zeros(shape, np.int32), weights


@jit
def predict(state, contexts, chosen, node, opinions):
    """The probability of a one, of ONE; leaves in `opinions` what each context says, stretched."""
    probabilities, counts, weights = state
    total = np.int64(0)
    for k in range(contexts.size):
        opinion = STRETCH[probabilities[k, contexts[k], node] >> 4]
        count = counts[k, contexts[k], node]
        # What has seldom been seen is trusted less.
        opinion = (abs(opinion) * (count + 1) // (count + 3)) * (1 if opinion >= 0 else -1)
        opinions[k] = opinion
        total += np.int64(weights[chosen, node, k]) * opinion
    return SQUASH[min(max(total >> 16, -LARGEST), LARGEST - 1) + LARGEST]


@jit
def learn(state, contexts, chosen, node, opinions, probability, bit, rate):
    """Moves weights and probabilities towards a bit."""
    probabilities, counts, weights = state
    error = (ONE if bit else 0) - np.int64(probability)
    target = ONE - 1 if bit else 0
    for k in range(contexts.size):
        weights[chosen, node, k] += (opinions[k] * error * rate + (1 << (LEARNING_SHIFT - 1))) >> LEARNING_SHIFT
        at = contexts[k]
        count = counts[k, at, node]
        probabilities[k, at, node] += ((target - probabilities[k, at, node]) * np.int64(RATES[count])) >> 16
        counts[k, at, node] = min(count + 1, MOST_COUNT)


@jit
def code_bit(mode, io, data, bits, probability, bit):
    """A bit of which the probability of a one is known: coded and given back, or read."""
    if mode == COUNT:
        bits[0] -= np.log2((probability if bit else ONE - probability) / ONE)
        return bit
    low, high = io[0], io[1]
    span = high - low
    middle = low + (span >> 16) * probability + (((span & 0xFFFF) * probability) >> 16)
    if mode == DECODE:
        bit = 1 if io[2] <= middle else 0
    if bit:
        high = middle
    else:
        low = middle + 1
    while (low ^ high) >> 24 == 0:
        if mode == ENCODE:
            data[io[3]] = high >> 24
        else:
            io[2] = ((io[2] << 8) & BOUNDS) | (data[io[3]] if io[3] < data.size else 0)
        io[3] += 1
        low = (low << 8) & BOUNDS
        high = ((high << 8) & BOUNDS) | 255
    io[0], io[1] = low, high
    return bit


@jit
def code_node(mode, io, data, bits, state, contexts, chosen, node, opinions, rate, bit):
    """A bit of a node, which then learns from it."""
    probability = predict(state, contexts, chosen, node, opinions)
    bit = code_bit(mode, io, data, bits, probability, bit)
    learn(state, contexts, chosen, node, opinions, probability, bit, rate)
    return bit


@jit
def code_number(mode, io, data, bits, state, contexts, chosen, opinions, rate, number):
    """A whole number by its contexts and a set of weights: coded and given back, or read."""
    if code_node(mode, io, data, bits, state, contexts, chosen, ZERO, opinions, rate, 1 if number == 0 else 0):
        return 0
    negative = code_node(mode, io, data, bits, state, contexts, chosen, SIGN, opinions, rate, 1 if number < 0 else 0)
    magnitude = 1
    while magnitude <= UNARY:
        above = 1 if abs(number) > magnitude else 0
        if not code_node(mode, io, data, bits, state, contexts, chosen, ABOVE + magnitude - 1, opinions, rate, above):
            break
        magnitude += 1
    if magnitude > UNARY:
        magnitude += _code_rest(mode, io, data, bits, abs(number) - UNARY) - 1
    return -magnitude if negative else magnitude


@jit
def _code_rest(mode, io, data, bits, number):
    """A positive whole number in Exp-Golomb code."""
    length = 0
    while length < LONGEST and code_bit(mode, io, data, bits, ONE // 2, 1 if number >> (length + 1) else 0):
        length += 1
    found = 1
    for place in range(length - 1, -1, -1):
        found = 2 * found + code_bit(mode, io, data, bits, ONE // 2, (number >> place) & 1)
    return found


@jit
def cost(state, contexts, chosen, opinions, number):
    """Bits that a whole number would take; nothing is learned from it."""
    probability = predict(state, contexts, chosen, ZERO, opinions) / ONE
    if number == 0:
        return -np.log2(probability)
    bits = -np.log2(1 - probability)
    probability = predict(state, contexts, chosen, SIGN, opinions) / ONE
    bits -= np.log2(probability if number < 0 else 1 - probability)
    magnitude = 1
    while magnitude <= UNARY:
        probability = predict(state, contexts, chosen, ABOVE + magnitude - 1, opinions) / ONE
        if abs(number) == magnitude:
            return bits - np.log2(1 - probability)
        bits -= np.log2(probability)
        magnitude += 1
    return bits + 2 * np.floor(np.log2(abs(number) - UNARY)) + 1
