"""Classical colour propagation: what a learned decoder must beat.

Every decoder, classical or learned, is a callable `decode(luma, colors, grid)`:

    luma    (H, W) float32: L*, or Y'
    colors  (ceil(H/n), ceil(W/n), 2) float32: a* and b*, or Cb and Cr
    grid    their `zoo.codecs.grid.Grid`

and returns the two colours of each pixel, `(H, W, 2)`.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage, sparse
from scipy.sparse.linalg import splu


def grey(luma, colors, grid):
    """No colour at all."""
    return np.zeros((*luma.shape, 2), np.float32)


def nearest(luma, colors, grid):
    """The colour of the nearest grid sample."""
    return _interpolate(luma, colors, grid, order=0)


def bilinear(luma, colors, grid):
    """Bilinear interpolation between grid samples."""
    return _interpolate(luma, colors, grid, order=1)


def bicubic(luma, colors, grid):
    """Bicubic interpolation (cubic B-spline) between grid samples."""
    return _interpolate(luma, colors, grid, order=3)


# sigma_luma and sigma_cells of `joint_bilateral`: the best on photographs of CID22's training part, n from 6 to 40.
BILATERAL_SIGMAS = {"points": (8.0, 0.65), "means": (6.0, 0.55)}


def joint_bilateral(luma, colors, grid, radius=2):
    """Joint bilateral upsampling (Kopf, Cohen, Lischinski and Uyttendaele 2007, equation 3).

    Each pixel is the mean of the 5 x 5 nearest grid samples, weighted by their distance, in cells, and by how much
    their luma differs from the pixel's: Gaussians of `BILATERAL_SIGMAS`.
    """
    sigma_luma, sigma_cells = BILATERAL_SIGMAS[grid.kind]
    luma = _lightness(luma, grid)
    height, width = luma.shape
    if grid.kind == "points":
        guide = luma[:: grid.n, :: grid.n]
    else:
        guide = (_cell_mean_matrix(height, width, grid.n) @ luma.ravel()).reshape(colors.shape[:2])
    rows, columns = (_positions(side, grid) for side in luma.shape)
    total, weights = np.zeros((height, width, 2)), np.zeros((height, width, 1))
    for i in range(-radius, radius + 1):
        for j in range(-radius, radius + 1):
            row, column = np.rint(rows).astype(int) + i, np.rint(columns).astype(int) + j
            inside = np.outer((row >= 0) & (row < colors.shape[0]), (column >= 0) & (column < colors.shape[1]))
            cell = np.ix_(row.clip(0, colors.shape[0] - 1), column.clip(0, colors.shape[1] - 1))
            distance = np.add.outer((row - rows) ** 2, (column - columns) ** 2) / sigma_cells**2
            difference = (luma - guide[cell]) ** 2 / sigma_luma**2
            weight = (inside * np.exp(-0.5 * (distance + difference)) + inside * 1e-12)[..., None]
            total += weight * colors[cell]
            weights += weight
    return (total / weights).astype(np.float32)


def levin(luma, colors, grid, means_weight=3.0):
    """Colorization using optimization (Levin, Lischinski and Weiss 2004, equation 1): slow, by a sparse solver.

    Each pixel's colour is to be the mean of its 3 x 3 neighbours', weighted by the similarity of their L*. The
    samples of a `points` grid are fixed, as Levin's scribbles are. A `means` grid tells the mean over each cell,
    which is a soft constraint: minimise |Ax|^2 + `means_weight` |Bx - g|^2, where Bx are the cell means of x. From 3
    to 3,000 the weight changes nothing on photographs.
    """
    lightness = _lightness(luma, grid)
    if grid.kind == "points":
        hints, known = np.zeros((*luma.shape, 2)), np.zeros(luma.shape, bool)
        hints[:: grid.n, :: grid.n], known[:: grid.n, :: grid.n] = colors, True
        return levin_from_hints(lightness, hints, known).astype(np.float32)
    smoothness = _smoothness(lightness)
    # With weight (Bx - g) as unknowns of their own, the system stays sparse; B^T B alone fills every cell.
    mean = _cell_mean_matrix(*luma.shape, grid.n)
    corner = sparse.identity(mean.shape[0]) / -means_weight
    system = sparse.bmat([[smoothness.T @ smoothness, mean.T], [mean, corner]], format="csc")
    right = np.concatenate([np.zeros((luma.size, 2)), colors.reshape(-1, 2)])
    return _solved(system, right)[: luma.size].reshape(*luma.shape, 2).astype(np.float32)


def levin_from_hints(lightness, hints, known):
    """Levin's colours of all pixels, float64 `(H, W, 2)`, where those of some are known, wherever they are.

    Args:
        lightness: `(H, W)` in 0 to 100.
        hints: `(H, W, 2)`, read where the colour is known.
        known: bool `(H, W)`, true at one pixel at least.
    """
    chroma, known = hints.reshape(-1, 2).astype(float), known.ravel()
    system = _smoothness(lightness)[~known]
    chroma[~known] = _solved(system[:, ~known].tocsc(), -(system[:, known] @ chroma[known]))
    return chroma.reshape(hints.shape)


FAST = {"grey": grey, "nearest": nearest, "bilinear": bilinear, "bicubic": bicubic, "joint bilateral": joint_bilateral}


def _lightness(luma, grid):
    """Luma in 0 to 100."""
    return luma * np.float32(100 / grid.space.white)


def _positions(size, grid):
    """Where each pixel of a side of `size` lies on the grid, in cells from the first sample."""
    first_sample = 0 if grid.kind == "points" else (grid.n - 1) / 2
    return (np.arange(size) - first_sample) / grid.n


def _interpolate(luma, colors, grid, order):
    where = np.meshgrid(*(_positions(side, grid) for side in luma.shape), indexing="ij")
    planes = [ndimage.map_coordinates(colors[..., c], where, order=order, mode="nearest") for c in range(2)]
    return np.stack(planes, -1).astype(np.float32)


def _cell_mean_matrix(height, width, n):
    """Sparse matrix from the pixels of an image to the means of its n x n cells."""
    columns = -(-width // n)
    cell = np.add.outer(np.arange(height) // n * columns, np.arange(width) // n).ravel()
    member = sparse.csr_matrix((np.ones(cell.size), (cell, np.arange(cell.size))))
    return sparse.diags(1 / np.asarray(member.sum(1)).ravel()) @ member


def _smoothness(lightness):
    """Sparse matrix of how far each pixel's value is from what Levin's weights make of its neighbours'."""
    return sparse.identity(lightness.size, format="csr") - _affinity(lightness)


def _solved(system, right):
    """The solution of a sparse system whose pattern is symmetric, or nearly: then this order is a fast one."""
    factors = splu(system, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.001, options={"SymmetricMode": True})
    return factors.solve(right)


def _affinity(luma):
    """Levin's weights: row r holds exp(-(Y_r - Y_s)^2 / 2 sigma_r^2) over the 3 x 3 neighbours s, with sum 1.

    sigma_r^2 is the variance of luma in the window, narrowed as in the authors' code by 0.6 and so that the closest
    neighbour keeps a weight of at least 0.01. Luma is scaled to 0 to 1.
    """
    windows = _windows(luma.astype(float) / 100, outside=np.nan)
    square = np.delete(windows - windows[4], 4, axis=0) ** 2
    variance = 0.6 * np.nanvar(windows, axis=0)
    variance = np.maximum(np.maximum(variance, -np.nanmin(square, axis=0) / np.log(0.01)), 2e-6)
    weights = np.nan_to_num(np.exp(-square / variance))
    weights /= weights.sum(axis=0)
    index = _windows(np.arange(luma.size).reshape(luma.shape), outside=-1)
    rows, columns = np.broadcast_to(index[4], weights.shape), np.delete(index, 4, axis=0)
    inside = columns >= 0
    return sparse.csr_matrix((weights[inside], (rows[inside], columns[inside])), shape=(luma.size, luma.size))


def _windows(plane, outside):
    """The 3 x 3 pixels around each, itself the fifth, `(9, pixels)`; `outside` stands for those that are none."""
    windows = sliding_window_view(np.pad(plane, 1, constant_values=outside), (3, 3))
    return windows.reshape(plane.size, 9).T
