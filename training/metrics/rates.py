"""What colours cost: sizes relative to raw RGB, Bjontegaard's delta rate, and where more stops to pay."""

import numpy as np
from scipy.interpolate import PchipInterpolator

from zoo.color_grid import grid_shape


def paper_relative_size(n):
    """Crayon's size relative to raw RGB, 1/3 + 1/n^2: a grey byte a pixel and three bytes a grid point."""
    return 1 / 3 + 1 / n**2


def relative_size(n, height, width):
    """Size relative to raw RGB with two chroma bytes a cell, about 1/3 + 2/(3n^2), counting the cells there are."""
    rows, columns = grid_shape(height, width, n)
    return 1 / 3 + 2 * rows * columns / (3 * height * width)


def bd_rate(reference, curve):
    """Bjontegaard's delta rate in per cent: how many more bytes a curve needs than a reference for the same quality.

    Args:
        reference, curve: pairs of bits for each pixel and quality, at least two, in any order.

    Returns:
        The mean over the qualities that both reach, or None if there are none. Logarithms of rates are interpolated by
        PCHIP (Bjontegaard, VCEG-M33, as ITU-T HSTP-VID-WPOM does it).
    """
    lines = []
    for points in (reference, curve):
        points = sorted((quality, np.log(rate)) for rate, quality in points)
        rising = [points[0]]
        rising += [point for point in points[1:] if point[0] > rising[-1][0]]
        lines.append(PchipInterpolator(*zip(*rising, strict=True)) if len(rising) > 1 else None)
    if None in lines:
        return None
    low, high = max(line.x[0] for line in lines), min(line.x[-1] for line in lines)
    if low >= high:
        return None
    other, own = (line.integrate(low, high) / (high - low) for line in lines)
    return float(100 * np.expm1(own - other))


def front(points):
    """Positions of the points `(rate, quality)` than which none is better in both, by increasing rate."""
    best, chosen = -np.inf, []
    for i in sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1])):
        if points[i][1] > best:
            best = points[i][1]
            chosen.append(i)
    return chosen


def knee(points):
    """Position of the point where more rate stops to pay: that of the front farthest above the line through its ends.

    Satopaa, Albrecht, Irwin and Raghavan, "Finding a 'kneedle' in a haystack", 2011: both axes from 0 to 1 over the
    front, largest difference. It depends on where the front ends.
    """
    chosen = front(points)
    rates, qualities = np.array([points[i] for i in chosen], float).T
    share = [(axis - axis.min()) / (np.ptp(axis) or 1) for axis in (rates, qualities)]
    return chosen[int(np.argmax(share[1] - share[0]))]
