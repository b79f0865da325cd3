"""export/FORMAT.md and the code against each other, by a decoder that was written from the page alone."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.codecs import payload
from zoo.codecs.pyramid import Layout, Pyramid, luma_and_grids
from zoo.weights import FOLDER

PAGE = Path(__file__).parents[2] / "export" / "FORMAT.md"
DECODER = "crayon_edge-photographs"
PLAIN = runpy.run_path(str(Path(__file__).with_name("plain_payload.py")))


@pytest.fixture(scope="module")
def priors():
    """As stored, in the file that the page names."""
    name = re.search(r"`(color_pyramid_priors-\w+\.npz)`", PAGE.read_text()).group(1)
    with np.load(FOLDER / name) as arrays:
        return dict(arrays)


def assert_is_read(data, priors, layout, residuals):
    """The plain decoder finds this layout in the bytes, and these residuals."""
    header, found = PLAIN["read"](data, priors)
    assert (header["height"], header["width"]) == layout.size
    assert (header["smallest"], header["step"], header["ratio"]) == (layout.last, layout.step, layout.ratio)
    assert payload.DECODERS[header["decoder"]] == DECODER
    assert header["weights"] == payload.weights_of(DECODER).hex()
    assert list(found) == layout.cells
    assert PLAIN["steps_of_levels"](header) == {n: layout.steps(n) for n in layout.cells}
    for n in layout.cells:
        assert np.array_equal(found[n], residuals[n]), n


def bytes_of_the_page():
    return bytes.fromhex(re.search(r"^    (4347[0-9a-f]+)$", PAGE.read_text(), re.MULTILINE).group(1))


def test_the_pixels_of_the_page():
    """What the networks make of the vector, at each level and at the end."""
    row, column = np.mgrid[:50, :70]
    luma = (20 + 2 * row + column + 60 * (column >= 33)).astype(np.uint8)
    found = payload.read(bytes_of_the_page())
    pyramid = Pyramid(found.layout, luma, zoo.load(found.decoder))
    rgb = pyramid.joined(pyramid.decode(found.residuals())).astype(int)
    lines = re.findall(r"^\| (\d+) \| (\d+) \| (\d+), (\d+), (\d+) \|$", PAGE.read_text(), re.MULTILINE)
    told = [list(map(int, line)) for line in lines]
    assert len(told) == 6
    for row, column, *pixel in told:
        assert np.abs(rgb[row, column] - pixel).max() <= 1


def test_the_vector_of_the_page(priors):
    layout = Layout((50, 70), 8, 44, 24)
    residuals = {}
    for n in layout.cells:
        rows, columns = layout.shape(n)
        i = np.arange(rows * columns * 2).reshape(rows, columns, 2)
        residuals[n] = (7 * i * i + n) % 11 // 4 - 1
    residuals[8][3, 4, 1] = -300
    data = bytes_of_the_page()
    assert payload.write(layout, residuals, DECODER) == data
    assert_is_read(data, priors, layout, residuals)


def test_a_photograph(priors, photographs):
    luma, grids = luma_and_grids(photographs[0][40:120, 60:156])
    layout = Layout(luma.shape, 4, 20)
    residuals, _ = Pyramid(layout, luma, zoo.load(DECODER)).encode(grids, payload.priors())
    data = payload.write(layout, residuals, DECODER)
    assert_is_read(data, priors, layout, payload.read(data).residuals())
    assert np.mean(residuals[4] != 0) > 0.05


@pytest.mark.parametrize(
    ("layout", "scale"),
    [
        (Layout((257, 300), 16, 5, 17), 1),  # all levels of large cells, and steps below the least
        (Layout((16, 41), 4, 255, 255), 10**5),  # cells of 16 pixels come first; the largest steps and residuals
        (Layout((65, 37), 8, 12, 16), 0.1),  # hardly anything
    ],
    ids=["large", "extreme", "sparse"],
)
def test_any_residuals(priors, layout, scale):
    random = np.random.default_rng(layout.step)
    most = 14 + (1 << 21) - 1  # after which there is no code
    residuals = {n: scale * random.standard_cauchy((*layout.shape(n), 2)) for n in layout.cells}
    residuals = {n: np.rint(found).clip(-most, most).astype(np.int64) for n, found in residuals.items()}
    assert_is_read(payload.write(layout, residuals, DECODER), priors, layout, residuals)


def test_damage_is_found_out(priors):
    layout = Layout((16, 16), 16, 44)
    data = payload.write(layout, {16: np.ones((1, 1, 2), np.int64)}, DECODER)
    for place in range(len(data)):
        with pytest.raises(ValueError, match="damaged|no payload"):
            PLAIN["read"](data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :], priors)
