"""Residuals of a colour pyramid to bytes and back: in which order, and by which contexts.

Levels come from the coarsest to the finest, of each first Cb, then Cr, row by row. What a residual may look like its
contexts tell: the residuals beside and above it, those of Cb where Cr is coded, those of the level before at the same
place, and how the colours slope there, by what has been coded so far without any prediction. All of that is whole
numbers: what a network predicted, which differs a little from device to device, has no part in it.
"""

import numba
import numpy as np

from zoo.codecs.mixing import BOUNDS, COUNT, DECODE, ENCODE, LEARNING_RATE, code_number, cost, jit

CONTEXTS, VALUES, SETS = 12, 192, 8  # kinds of contexts, how many values each may have, and sets of weights
MOST_BYTES = 32  # that a number can take
ROWS = 64  # that are coded at a time
CHOICES = 3  # numbers that are tried for a residual: the nearest, and those nearer to zero
_CLASSES = np.array([0, 1, 2, 3, 3, 4, 4, 5, 5, 5, 6, 6, 6, 6, 6, 7], np.int64)


@jit
def _size(value):
    """A class of 0 to 7 for how large a number that is not negative is."""
    return _CLASSES[min(value, 15)]


@jit
def _signed(value, most):
    """A class of 0 to 2 * most for a number."""
    return min(max(value, -most), most) + most


@jit
def _at(plane, row, column):
    inside = 0 <= row < plane.shape[0] and 0 <= column < plane.shape[1]
    return plane[row, column] if inside else 0


@jit
def _around(plane, row, column):
    """How large the four neighbours are together."""
    beside = abs(_at(plane, row, column - 1)) + abs(_at(plane, row, column + 1))
    return beside + abs(_at(plane, row - 1, column)) + abs(_at(plane, row + 1, column))


@jit
def _look(contexts, row, column, residuals, is_second, first, parents, coarse, step):
    """Writes the contexts of a residual; gives back which set of weights mixes them."""
    left, above = _at(residuals, row, column - 1), _at(residuals, row - 1, column)
    corner = _at(residuals, row - 1, column - 1)
    near = abs(left) + abs(above)
    wide = 2 * near + abs(corner) + abs(_at(residuals, row - 1, column + 1))
    wide += abs(_at(residuals, row, column - 2)) + abs(_at(residuals, row - 2, column))

    # Four residuals have one parent: what is known already of the others.
    place = row % 2 * 2 + column % 2
    siblings = (0, left, above, left + above + corner)[place]
    y, x = row // 2, column // 2
    parent, around_parent = parents[y, x], _around(parents, y, x)

    # The colours of the level before: how they differ towards the side on which this one lies, and all around.
    here = coarse[y, x]
    last_y, last_x = coarse.shape[0] - 1, coarse.shape[1] - 1
    near_y = min(max(y + 2 * (row % 2) - 1, 0), last_y)
    near_x = min(max(x + 2 * (column % 2) - 1, 0), last_x)
    down, right = coarse[near_y, x] - here, coarse[y, near_x] - here
    slope = 2 * (abs(down) + abs(right)) // step
    steep = 2 * (abs(down) + abs(right) + abs(coarse[near_y, near_x] - here)) // step
    edges = abs(coarse[max(y - 1, 0), x] - here) + abs(coarse[min(y + 1, last_y), x] - here)
    edges += abs(coarse[y, max(x - 1, 0)] - here) + abs(coarse[y, min(x + 1, last_x)] - here)
    tilt = _signed((down + right) // step, 3)
    aside = 0
    if near_y != y:
        aside += parents[near_y, x]
    if near_x != x:
        aside += parents[y, near_x]

    contexts[0] = _size(near) * 8 + _size(slope)
    contexts[1] = _size(wide) * 8 + _size(edges // step)
    contexts[2] = place * 16 + _signed(siblings, 4)
    contexts[3] = _signed(left, 2) * 5 + _signed(above, 2)
    contexts[4] = _size(abs(parent)) * 8 + _size(around_parent)
    contexts[5] = _size(around_parent + wide) * 8 + tilt
    if is_second:
        other = first[row, column]
        contexts[6] = _signed(other, 4) * 4 + min(near, 3)
        contexts[7] = _size(_around(first, row, column)) * 8 + _size(near + abs(other))
        contexts[8] = _signed(other, 3) * 9 + _signed(siblings, 4)
    else:
        other = 0
        contexts[6] = _size(wide + around_parent)
        contexts[7] = _size(wide) * 8 + _size(abs(parent))
        contexts[8] = _size(slope)
    contexts[9] = _signed(parent, 3) * 5 + _signed(left + above, 2)
    contexts[10] = _signed(aside, 3) * 8 + _size(abs(aside))
    contexts[11] = min(around_parent // 2, 5) * 24 + _size(steep) * 3 + min(abs(parent), 2)
    return _size(wide + around_parent // 2 + 2 * abs(other))


@numba.njit  # not kept, nor what calls it: see `jit`
def _nearest_worth(state, contexts, chosen, opinions, wanted, weight, price):
    """The whole number with the least `weight * (number - wanted)**2 + price * bits`, of a few."""
    nearest = int(np.rint(wanted))
    towards = 1 if nearest > 0 else -1
    best, least = 0, weight * wanted**2 + price * cost(state, contexts, chosen, opinions, 0)
    for k in range(CHOICES):
        number = nearest - towards * k
        if number * towards <= 0:
            break
        worth = weight * (number - wanted) ** 2 + price * cost(state, contexts, chosen, opinions, number)
        if worth < least:
            best, least = number, worth
    return best


@numba.njit
def _code_rows(rows, mode, io, data, bits, state, rate, residuals, is_second, first, parents, coarse, step, wanted,
               weight, price):  # fmt: skip
    contexts = np.zeros(CONTEXTS, np.int64)
    opinions = np.zeros(CONTEXTS, np.int64)
    for row in range(rows[0], min(rows[1], residuals.shape[0])):
        for column in range(residuals.shape[1]):
            chosen = _look(contexts, row, column, residuals, is_second, first, parents, coarse, step)
            number = residuals[row, column]
            if price > 0:
                target = wanted[row, column]
                number = _nearest_worth(state, contexts, chosen, opinions, target, weight, price)
            number = code_number(mode, io, data, bits, state, contexts, chosen, opinions, rate, number)
            residuals[row, column] = number


class LevelCoder:
    """Codes the levels of one pyramid after each other.

    Args:
        states: of all planes, see `zoo.codecs.mixing.fresh`: those of level k from 256 down are 2 k and 2 k + 1. They
            are changed.
        mode: ENCODE, DECODE or COUNT.
        data: bytes to decode.
        rate: how fast weights learn.
    """

    def __init__(self, states, mode=COUNT, data=b"", rate=LEARNING_RATE):
        self._states, self._mode, self._rate = states, mode, rate
        self._io = np.array([0, BOUNDS, int.from_bytes(data[:4].ljust(4, b"\0"), "big"), 4 * (mode == DECODE)])
        self._data = np.array(bytearray(data), np.uint8)  # to be written to, or jitted once more
        self._written = []
        self._bits = np.zeros(1)
        self._parents = self._coarse = None

    @property
    def bits(self):
        """How many it took so far, where they are counted."""
        return self._bits[0]

    def code(self, level, residuals, steps, wanted=None, weights=(0.0, 0.0), price=0.0):
        """The residuals of a level, int64 `(rows, columns, 2)`, coded, read, or chosen for `wanted`.

        Args:
            level: number of the level, 0 for cells of 256 pixels.
            residuals: to code; of the right shape where they are read or chosen.
            steps: of Cb and Cr, in sixteenths.
            wanted: float `(rows, columns, 2)`, what they would be without rounding, for them to be chosen.
            weights: for Cb and Cr, what the square of a rounding costs.
            price: what a bit costs, to choose by.
        """
        rows, columns = residuals.shape[:2]
        if self._parents is None:
            self._parents = np.zeros((-(-rows // 2), -(-columns // 2), 2), np.int64)
            self._coarse = np.zeros_like(self._parents)
        if self._mode == ENCODE:
            self._data = np.zeros(ROWS * columns * MOST_BYTES, np.uint8)
        planes = [np.array(residuals[..., plane], np.int64) for plane in range(2)]
        for plane in range(2):
            state = tuple(each[2 * level + plane] for each in self._states)
            arguments = (
                state,
                self._rate,
                planes[plane],
                plane == 1,
                planes[0],
                np.ascontiguousarray(self._parents[..., plane]),
                np.ascontiguousarray(self._coarse[..., plane]),
                int(steps[plane]),
                np.zeros((1, 1)) if wanted is None else np.array(wanted[..., plane], np.float64),
                float(weights[plane]),
                float(price if wanted is not None else 0.0),
            )
            for first in range(0, rows, ROWS):
                _code_rows((first, first + ROWS), self._mode, self._io, self._data, self._bits, *arguments)
                if self._mode == ENCODE:
                    self._written.append(self._data[: self._io[3]].tobytes())
                    self._io[3] = 0
        found = np.stack(planes, axis=-1)
        widened = self._coarse.repeat(2, axis=0).repeat(2, axis=1)[:rows, :columns]
        self._parents, self._coarse = found, widened + found * np.asarray(steps)
        return found

    def payload(self):
        """The bytes: as few as are read as the same, for zeros are read after the last of them."""
        low, high = (int(x) for x in self._io[:2])
        for length in range(5):
            unit = 1 << 8 * (4 - length)
            tail = -(-low // unit) * unit
            if tail <= high:
                break
        last = (tail >> 8 * (4 - length)).to_bytes(length, "big")
        return b"".join([*self._written, last]).rstrip(b"\0")
