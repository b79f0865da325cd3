"""The payload's decoder, written from export/FORMAT.md alone, to hold the page and the code against each other."""

import math
import zlib
from bisect import bisect_left

import numpy as np


def clamp(v, least, most):
    return min(max(v, least), most)


KNOTS = [0, 1, 1, 2, 3, 5, 8, 13, 22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625, 24743]
KNOTS += [32768] + [65536 - knot for knot in reversed(KNOTS)]


def _squash(i):
    k, r = divmod(i, 128)
    return clamp((KNOTS[k] * (128 - r) + KNOTS[k + 1] * r + 64) // 128, 32, 65504)


SQUASH = [_squash(i) for i in range(6144)]
STRETCH = [min(bisect_left(SQUASH, 16 * i + 8) - 3072, 3071) for i in range(4096)]
RATES = [655360 // (10 * c + 16) for c in range(256)]


def size(v):
    return (0, 1, 2, 3, 3, 4, 4, 5, 5, 5, 6, 6, 6, 6, 6)[v] if v <= 14 else 7


def signed(v, m):
    return clamp(v, -m, m) + m


def read(data, priors):
    """(header, residuals {n: (rows, columns, 2)}) of a payload, given its bytes and the arrays of the priors."""
    header = read_header(data)
    coder = Coder(data[19:])
    levels, before = {}, None
    for n, steps in steps_of_levels(header).items():
        rows, columns = -(-header["height"] // n), -(-header["width"] // n)
        if before is None:
            zeros = [[0] * ((columns + 1) // 2) for _ in range((rows + 1) // 2)]
            before = [(zeros, zeros)] * 2
        number, f, here = 2 * (9 - n.bit_length()), None, []
        for plane in range(2):
            q, g = before[plane]
            r = read_plane(coder, Statistics(priors, number + plane), rows, columns, f, q, g, steps[plane])
            colors = [[v * steps[plane] + g[y // 2][x // 2] for x, v in enumerate(row)] for y, row in enumerate(r)]
            here.append((r, colors))
            f = r
        before = here
        levels[n] = np.stack([np.array(r) for r, _ in here], axis=-1)
    return header, levels


def read_header(data):
    if len(data) < 19 or data[:2] != b"CG":
        raise ValueError("no payload")
    if zlib.crc32(data[:15] + data[19:]) != int.from_bytes(data[15:19], "big"):
        raise ValueError("damaged")
    if data[2] != 1 or data[3] > 1:
        raise ValueError("of a later version")
    width, height = (int.from_bytes(data[at : at + 2], "big") for at in (11, 13))
    header = {"decoder": data[3], "weights": data[4:8].hex(), "smallest": 2 ** data[8], "step": data[9]}
    header |= {"ratio": data[10], "width": width, "height": height}
    if not (2 <= data[8] <= 4 and data[9] >= 1 and data[10] >= 16 and min(width, height) >= 16):
        raise ValueError("damaged")
    residuals = sum(2 * -(-height // n) * -(-width // n) for n in steps_of_levels(header))
    if residuals > (8 * (len(data) - 19) + 32) / math.log2(65536 / 65504):
        raise ValueError("damaged")
    return header


def steps_of_levels(header):
    """{n: (step of Cb, step of Cr)} for each level, coarsest first."""
    ratio, s = header["ratio"], {16: header["step"]}
    for n in (8, 4):
        s[n] = (s[2 * n] * ratio + 8) // 16
    for n in (32, 64, 128, 256):
        s[n] = (s[n // 2] * 16 + ratio // 2) // ratio
    first = max(n for n in s if n <= min(header["width"], header["height"]))
    levels = [n for n in sorted(s, reverse=True) if header["smallest"] <= n <= first]
    return {n: tuple((max(s[n], 12) * part + 8) // 16 for part in (15, 17)) for n in levels}


class Coder:
    """The range decoder."""

    def __init__(self, body):
        self.body, self.place = body, 0
        self.low, self.high, self.code = 0, 2**32 - 1, 0
        for _ in range(4):
            self.shift()

    def shift(self):
        self.code = self.code << 8 & 0xFFFFFFFF | (self.body[self.place] if self.place < len(self.body) else 0)
        self.place += 1

    def bit(self, p):
        span = self.high - self.low
        middle = self.low + (span >> 16) * p + ((span & 65535) * p >> 16)
        one = self.code <= middle
        if one:
            self.high = middle
        else:
            self.low = middle + 1
        while self.low >> 24 == self.high >> 24:
            self.low, self.high = self.low << 8 & 0xFFFFFFFF, self.high << 8 & 0xFFFFFFFF | 255
            self.shift()
        return one


class Statistics:
    """Those of one plane of one level: P and C by [context][value][node], W by [set][node][context]."""

    def __init__(self, priors, number):
        self.P, self.C, self.W = (priors[name][number].tolist() for name in ("probabilities", "counts", "weights"))

    def bit(self, coder, values, z, node):
        cells = [(self.P[k][v], self.C[k][v]) for k, v in enumerate(values)]
        stretched = []
        for P, C in cells:
            s = STRETCH[P[node] >> 4]
            magnitude = abs(s) * (C[node] + 1) // (C[node] + 3)
            stretched.append(magnitude if s >= 0 else -magnitude)
        W = self.W[z][node]
        x = sum(w * s for w, s in zip(W, stretched, strict=True)) >> 16
        p = SQUASH[clamp(x, -3072, 3071) + 3072]
        one = coder.bit(p)
        for k, s in enumerate(stretched):
            W[k] += (s * ((65536 if one else 0) - p) * 6 + 131072) >> 18
        for P, C in cells:
            P[node] += (((65535 if one else 0) - P[node]) * RATES[C[node]]) >> 16
            C[node] = min(C[node] + 1, 255)
        return one

    def residual(self, coder, values, z):
        if self.bit(coder, values, z, 0):
            return 0
        negative = self.bit(coder, values, z, 1)
        magnitude = 1
        while magnitude <= 14 and self.bit(coder, values, z, magnitude + 1):
            magnitude += 1
        if magnitude > 14:
            magnitude = 14 + exp_golomb(coder)
        return -magnitude if negative else magnitude


def exp_golomb(coder):
    ones = 0
    while ones < 20 and coder.bit(32768):
        ones += 1
    v = 1
    for _ in range(ones):
        v = 2 * v + coder.bit(32768)
    return v


def at(m, y, x):
    return m[y][x] if 0 <= y < len(m) and 0 <= x < len(m[0]) else 0


def around(m, y, x):
    return abs(at(m, y, x - 1)) + abs(at(m, y, x + 1)) + abs(at(m, y - 1, x)) + abs(at(m, y + 1, x))


def read_plane(coder, statistics, rows, columns, f, q, g, step):
    """The residuals of a plane. f: of Cb where this is Cr, else None; q and g: of the level before."""
    r = [[0] * columns for _ in range(rows)]
    for row in range(rows):
        for column in range(columns):
            values, z = contexts(r, f, q, g, step, row, column)
            r[row][column] = statistics.residual(coder, values, z)
    return r


def contexts(r, f, q, g, step, row, column):
    """The values of the twelve contexts, and the set of weights."""
    y, x = row // 2, column // 2
    L, A = at(r, row, column - 1), at(r, row - 1, column)
    LA, RA = at(r, row - 1, column - 1), at(r, row - 1, column + 1)
    near = abs(L) + abs(A)
    wide = 2 * near + abs(LA) + abs(RA) + abs(at(r, row, column - 2)) + abs(at(r, row - 2, column))
    place = row % 2 * 2 + column % 2
    siblings = (0, L, A, L + A + LA)[place]

    last_y, last_x, here = len(g) - 1, len(g[0]) - 1, g[y][x]
    yn = clamp(y + 1 if row % 2 else y - 1, 0, last_y)
    xn = clamp(x + 1 if column % 2 else x - 1, 0, last_x)
    down, right = g[yn][x] - here, g[y][xn] - here
    slope = 2 * (abs(down) + abs(right)) // step
    steep = 2 * (abs(down) + abs(right) + abs(g[yn][xn] - here)) // step
    beside = (g[max(y - 1, 0)][x], g[min(y + 1, last_y)][x], g[y][max(x - 1, 0)], g[y][min(x + 1, last_x)])
    edges = sum(abs(each - here) for each in beside) // step
    tilt = signed((down + right) // step, 3)
    aside = (q[yn][x] if yn != y else 0) + (q[y][xn] if xn != x else 0)
    parent, parents = q[y][x], around(q, y, x)
    other = f[row][column] if f else 0

    values = [
        size(near) * 8 + size(slope),
        size(wide) * 8 + size(edges),
        place * 16 + signed(siblings, 4),
        signed(L, 2) * 5 + signed(A, 2),
        size(abs(parent)) * 8 + size(parents),
        size(parents + wide) * 8 + tilt,
        size(wide + parents),
        size(wide) * 8 + size(abs(parent)),
        size(slope),
        signed(parent, 3) * 5 + signed(L + A, 2),
        signed(aside, 3) * 8 + size(abs(aside)),
        min(parents // 2, 5) * 24 + size(steep) * 3 + min(abs(parent), 2),
    ]
    if f:
        values[6] = signed(other, 4) * 4 + min(near, 3)
        values[7] = size(around(f, row, column)) * 8 + size(near + abs(other))
        values[8] = signed(other, 3) * 9 + signed(siblings, 4)
    return values, size(wide + parents // 2 + 2 * abs(other))
