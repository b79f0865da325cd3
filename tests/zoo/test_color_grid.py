"""The colour grid: which pixels it keeps, also where n does not divide the size."""

import numpy as np
import pytest

from zoo.color_grid import grid_shape, paint_hints, point_mask, sample_grid


def test_shape_of_the_paper():
    assert grid_shape(320, 320, 6) == (54, 54)
    assert grid_shape(320, 320, 20) == (16, 16)
    assert grid_shape(320, 320, 100) == (4, 4)


@pytest.mark.parametrize("n", [2, 6, 7, 20, 37])
def test_points_are_every_nth_pixel_from_the_top_left(photographs, n):
    image = photographs[0][None, :50, :37].astype("float32")
    assert np.array_equal(sample_grid(image, n), image[:, ::n, ::n])


@pytest.mark.parametrize("n", [2, 6, 7, 20, 37])
def test_means_are_those_of_the_pixels_that_exist(photographs, n):
    image = photographs[0][None, :50, :37].astype("float32")
    means = np.asarray(sample_grid(image, n, "means"))
    for i in range(means.shape[1]):
        for j in range(means.shape[2]):
            cell = image[0, i * n : (i + 1) * n, j * n : (j + 1) * n]
            assert np.allclose(means[0, i, j], cell.mean((0, 1)), atol=1e-2)


@pytest.mark.parametrize("n", [2, 6, 7, 20, 37])
def test_hints_hold_the_grid_and_zeros(photographs, n):
    image = photographs[0][None, :50, :37].astype("float32") + 1
    hints = np.asarray(paint_hints(sample_grid(image, n), n, 50, 37))
    assert hints.shape == image.shape
    assert np.array_equal(hints, image * np.asarray(point_mask(50, 37, n)))
    assert np.count_nonzero(hints) == 3 * np.prod(grid_shape(50, 37, n))


def test_mask_takes_a_step_for_each_image():
    mask = np.asarray(point_mask(40, 40, np.array([6, 15]).reshape(2, 1, 1, 1)))
    assert np.array_equal(mask[0], np.asarray(point_mask(40, 40, 6))[0])
    assert np.array_equal(mask[1], np.asarray(point_mask(40, 40, 15))[0])


@pytest.mark.parametrize("n", [-1, 0, 1, 33])
def test_bad_steps(n):
    with pytest.raises(ValueError, match="Received: n="):
        grid_shape(32, 64, n)


def test_bad_kind():
    with pytest.raises(ValueError, match="kind='median'"):
        sample_grid(np.zeros((1, 8, 8, 2)), 2, "median")


@pytest.mark.parametrize("kind", ["points", "means"])
def test_an_image_alone_is_no_batch(photographs, kind):
    with pytest.raises(ValueError, match=r"`image` must be \(batch, H, W, channels\)\. Received: \(256, 256, 3\)"):
        sample_grid(photographs[0], 8, kind)
