"""Symbols to bytes and back by a range coder (`constriction`, Bamler 2022) whose tables are whole numbers.

`Writer` and `Reader` have the same methods, so that one function, which says what is coded by which table, does for
both: a writer is given symbols and gives them back, a reader looks at nothing but how many it is given.

A symbol cannot cost less than the logarithm of how likely it is. A reader counts that, and so knows bytes that are too
few for what they are said to hold before it has spent time and memory on them.
"""

from array import array

import constriction
import numpy as np

WORD = 32  # bits
_Categorical = constriction.stream.model.Categorical
# An encoder leaves out up to two words at the end that do not matter.
_SPARE = 3 * WORD
# How much likelier a symbol can be to the coder, which works with 24 bits, than its weight says.
_ROUNDING = 2.0**-22


class Table:
    """How likely each of the symbols 0, 1, 2 ... is, by a positive whole number for each.

    Attributes:
        model: of the coder.
        costs: bits for each symbol; no symbol ever costs less.
        least: of them.
    """

    def __init__(self, weights):
        weights = np.array(weights, np.float64)
        self.model = _Categorical(weights, perfect=False)
        self.costs = array("d", _costs(weights / weights.sum()))  # small, and fast to look up one by one
        self.least = min(self.costs)


class Writer:
    """Makes bytes of symbols."""

    def __init__(self):
        self._coder = constriction.stream.queue.RangeEncoder()

    def one(self, symbol, table):
        """A symbol by a `Table`, or, as `many`, an array of symbols, int32, all by one table."""
        self._coder.encode(symbol, table.model)
        return symbol

    many = one

    def each(self, symbols, weights):
        """An array of symbols, int32 `(N,)`, by weights of their own `(N, symbols)`."""
        self._coder.encode(symbols, _Categorical(perfect=False), _rows(weights))
        return symbols

    def need(self, bits):
        """That so many bits at least are still to come is for a reader to know."""

    def payload(self):
        """The bytes."""
        return self._coder.get_compressed().astype(">u4").tobytes()


class Reader:
    """Gets symbols from bytes. All methods raise ValueError if no writer can have written them."""

    def __init__(self, payload):
        if len(payload) % (WORD // 8):
            raise ValueError("it is damaged: its payload is no whole number of words")
        self._left = 8 * len(payload) + _SPARE
        self._coder = constriction.stream.queue.RangeDecoder(np.frombuffer(payload, ">u4").astype(np.uint32))

    def one(self, symbol, table):
        """A symbol by a `Table`."""
        found = self._decoded(table.model)
        self._left -= table.costs[found]
        return found

    def many(self, symbols, table):
        """As many symbols as there are, int32, all by one table."""
        found = self._decoded(table.model, len(symbols))
        self._left -= float(np.take(table.costs, found).sum())
        return found

    def each(self, symbols, weights):
        """As many symbols as there are, int32 `(N,)`, by weights of their own `(N, symbols)`."""
        found = self._decoded(_Categorical(perfect=False), _rows(weights))
        taken = np.take_along_axis(weights, found[:, None], axis=1)[:, 0]
        self._left -= float(_costs(taken / weights.sum(1)).sum())
        return found

    def need(self, bits):
        """ValueError unless there may be so many bits left."""
        if self._left < bits:
            raise ValueError("it is cut short: it holds fewer bits than what it is said to be must cost")

    def _decoded(self, *arguments):
        try:
            return self._coder.decode(*arguments)
        except AssertionError:  # as `constriction` says that nobody wrote this
            raise ValueError("it is damaged: its payload is none") from None


def _rows(weights):
    return np.ascontiguousarray(weights, np.float64)  # the coder takes no notice of strides


def least_costs(weights):
    """Bits that a symbol costs at least, of weights `(..., symbols)`."""
    return _costs(weights.max(-1) / weights.sum(-1))


def _costs(shares):
    return -np.log2(np.minimum(shares + _ROUNDING, 1))
