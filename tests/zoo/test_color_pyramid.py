"""Colour pyramids: their coder, their bytes, and what comes back; and what is no payload."""

import zlib

import numpy as np
import pytest

import zoo
from training.metrics.images import squared_error
from zoo.codecs import mixing, payload
from zoo.codecs.mixing import COUNT, DECODE, ENCODE, fresh
from zoo.codecs.payload import DamagedPayload
from zoo.codecs.pyramid import CELLS, LADDER, Layout, Pyramid, level_of, luma_and_chroma, luma_and_grids, means
from zoo.codecs.pyramid_coder import CONTEXTS, LevelCoder
from zoo.errors import ZooError

DECODER = "crayon_edge-photographs"
# Residuals of a photograph of 70 x 50 pixels with cells of 32, 16 and 8, and their bytes: also in export/FORMAT.md.
VECTOR = Layout((50, 70), 8, 44, 24)
VECTOR_BYTES = (
    "43470100ad7efd5d032c1800460032b88bd63bfda1d14298a07c1519a4e2e55522740aebff7ba23b4e3863775cbdfc3f61d7dddca76605"
    "be58897392d53d3d"
)


def vector_residuals():
    """Small whole numbers without a random generator, which another language need not have; one of them large."""
    found = {}
    for n in VECTOR.cells:
        rows, columns = VECTOR.shape(n)
        place = np.arange(rows * columns * 2).reshape(rows, columns, 2)
        found[n] = (place * place * 7 + n) % 11 // 4 - 1
    found[8][3, 4, 1] = -300
    return found


@pytest.fixture(scope="module")
def codec():
    return zoo.load(DECODER)


@pytest.fixture(scope="module")
def written(codec, photographs):
    """A photograph that no side of is a multiple of 16, its luma and grids, layout, residuals, finest grid, bytes."""
    rgb = photographs[0][:250, :203]
    luma, grids = luma_and_grids(rgb)
    layout = Layout(luma.shape, *LADDER[3])
    residuals, found = Pyramid(layout, luma, codec).encode(grids, payload.priors())
    return rgb, luma, grids, layout, residuals, found, payload.write(layout, residuals, DECODER)


def coded(layout, residuals, states=None):
    """Bytes of residuals."""
    coder = LevelCoder(states or payload.no_priors(), ENCODE)
    for n in layout.cells:
        coder.code(level_of(n), residuals[n], layout.steps(n))
    return coder.payload()


def test_tables_are_these_on_every_machine():
    """The numbers that a decoder in another language needs; see export/FORMAT.md."""
    digests = [zlib.crc32(table.astype("<i4").tobytes()) for table in (mixing.SQUASH, mixing.STRETCH, mixing.RATES)]
    assert digests == [1527024960, 674897553, 3871656009]
    assert np.all(np.diff(mixing.SQUASH) >= 0)
    error = mixing.SQUASH - mixing.ONE / (1 + np.exp(-(np.arange(6144) - 3072) / 256))
    assert np.abs(error).max() < 200  # of 65,536


@pytest.mark.parametrize("size", [(16, 16), (17, 300), (256, 256), (129, 1030)])
def test_any_residuals_come_back(size):
    random = np.random.default_rng(size[1])
    layout = Layout(size, 4, 30)
    residuals = {n: np.rint(random.standard_cauchy((*layout.shape(n), 2))).astype(np.int64) for n in layout.cells}
    residuals = {n: found.clip(-(10**5), 10**5) for n, found in residuals.items()}
    data = coded(layout, residuals)
    counter, reader = LevelCoder(payload.no_priors(), COUNT), LevelCoder(payload.no_priors(), DECODE, data)
    for n, found in residuals.items():
        counter.code(level_of(n), found, layout.steps(n))
        assert np.array_equal(reader.code(level_of(n), np.zeros_like(found), layout.steps(n)), found)
    assert len(data) == pytest.approx(counter.bits / 8, abs=4)


def test_numbers_cost_what_is_said():
    state = tuple(each[0] for each in fresh(2, 3, 1, 1))
    contexts, opinions = np.array([1, 2]), np.zeros(2, np.int64)
    for number in (0, 0, 3, -1, 14, 15, -16, 400, 0):
        bits, io = np.zeros(1), np.zeros(4, np.int64)
        told = mixing.cost(state, contexts, 0, opinions, number)
        data = np.zeros(1, np.uint8)
        assert mixing.code_number(COUNT, io, data, bits, state, contexts, 0, opinions, 6, number) == number
        if abs(number) <= mixing.UNARY:
            assert told == pytest.approx(bits[0], abs=2)  # what its first bits teach counts for the later ones
    assert mixing.cost(state, contexts, 0, opinions, 0) < mixing.cost(state, contexts, 0, opinions, 7)


def test_steps_are_whole_numbers():
    layout = Layout((300, 300), 4, 44, 24)
    assert layout.cells == [256, 128, 64, 32, 16, 8, 4]
    assert [layout.steps(n) for n in layout.cells] == [
        (11, 13), (12, 14), (18, 20), (27, 31), (41, 47), (62, 70), (93, 105)
    ]  # fmt: skip
    assert Layout((40, 300), 16, 44).cells == [32, 16]


def test_means_are_those_of_the_pixels_that_there_are(photographs):
    image = photographs[0][:21, :17].astype(float)
    found = means(image, 8)
    assert found.shape == (3, 3, 3)
    assert np.allclose(found[2, 2], image[16:, 16:].mean((0, 1)))
    assert np.allclose(found[0, 1], image[:8, 8:16].mean((0, 1)))


def test_strips_are_the_whole(photographs):
    """Luma and means of a photograph that is taller than a strip."""
    rgb = np.concatenate([photographs[0], photographs[0]])[:, :41]
    assert len(rgb) > CELLS[0]
    luma, grids = luma_and_grids(rgb)
    whole, chroma = luma_and_chroma(rgb)
    assert np.array_equal(luma, whole)
    assert list(grids) == [32, 16, 8, 4]
    for n, grid in grids.items():
        for row, column in ((0, 0), (-1, -1), (len(grid) // 2, 1)):
            top, left = row % len(grid) * n, column % grid.shape[1] * n
            assert np.allclose(grid[row, column], chroma[top : top + n, left : left + n].mean((0, 1)), atol=1e-4)


def test_tiles_are_the_whole(codec, photographs, monkeypatch):
    """One network for all of them, and a level at most where sums have another order."""
    rgb = photographs[0][:256, :320]
    luma, grids = luma_and_grids(rgb)
    pyramid = Pyramid(Layout(luma.shape, 4, 20), luma, codec)
    whole = pyramid.joined(grids[4]).astype(int)
    monkeypatch.setattr("zoo.codecs.grid.MOST_PIXELS", 1 << 14)
    tiled = zoo.load(DECODER)
    pyramid = Pyramid(pyramid.layout, luma, tiled)
    assert np.abs(pyramid.joined(grids[4]) - whole).max() <= 1
    assert len(tiled._built) == 1


def test_colours_come_back_from_bytes(codec, written):
    _, luma, _, layout, residuals, grid, data = written
    found = payload.read(data)
    assert (found.layout, found.decoder) == (layout, DECODER)
    found.check_weights()
    back = found.residuals()
    assert all(np.array_equal(back[n], residuals[n]) for n in layout.cells)
    assert np.array_equal(Pyramid(layout, luma, codec).decode(back), grid)
    assert data == payload.write(layout, residuals, DECODER)


def test_more_bytes_are_better_colours(codec, written):
    rgb, luma, grids, *_ = written
    sizes, errors = [], []
    for rung in LADDER[::2]:
        layout = Layout(luma.shape, *rung)
        pyramid = Pyramid(layout, luma, codec)
        residuals, grid = pyramid.encode(grids, payload.priors())
        sizes.append(len(payload.write(layout, residuals, DECODER)))
        errors.append(squared_error(rgb, pyramid.joined(grid)))
    assert np.all(np.diff(sizes) > 0)
    assert np.all(np.diff(errors) < 0)


def test_residuals_are_chosen_by_rate_and_distortion(codec, written):
    """They are cheaper than the nearest whole numbers, and not as good."""
    rgb, luma, grids, layout, _, found, data = written
    pyramid = Pyramid(layout, luma, codec)

    def nearest(n, guess):
        return np.rint((grids[n] - guess) * 16 / np.array(layout.steps(n))).astype(np.int64)

    grid, residuals = pyramid.walk(nearest)
    sizes = [8 * len(each) for each in (data, payload.write(layout, residuals, DECODER))]
    errors = [squared_error(rgb, pyramid.joined(each)) for each in (found, grid)]
    assert sizes[0] < sizes[1]
    assert errors[0] > errors[1]


def test_a_header_is_19_bytes_and_a_flat_photograph_hardly_more(codec):
    grey = np.full((64, 64), 128, np.uint8)
    layout = Layout(grey.shape, 8, 44)
    grids = {n: np.zeros((*layout.shape(n), 2)) for n in layout.cells}
    residuals, found = Pyramid(layout, grey, codec).encode(grids, payload.priors())
    assert payload.HEADER_BYTES == 19
    assert len(payload.write(layout, residuals, DECODER)) <= 19 + 6
    assert np.abs(found).max() < 1


@pytest.mark.parametrize(("size", "last"), [((1200, 1500), 8), ((3000, 4000), 8), ((600, 800), 4)])
def test_large_photographs_of_hardly_any_colour(size, last):
    """Zeros that a coder may leave out at the end must not make a payload look too short for its size."""
    layout = Layout(size, last, 40)
    residuals = {n: np.zeros((*layout.shape(n), 2), np.int64) for n in layout.cells}
    for tint in (0, 5):
        residuals[256][...] = tint
        back = payload.read(payload.write(layout, residuals, DECODER)).residuals()
        assert all(np.array_equal(back[n], residuals[n]) for n in layout.cells)


def test_the_bytes_are_these_on_every_machine():
    data = payload.write(VECTOR, vector_residuals(), DECODER)
    assert data.hex() == VECTOR_BYTES
    back = payload.read(bytes.fromhex(VECTOR_BYTES)).residuals()
    assert all(np.array_equal(back[n], found) for n, found in vector_residuals().items())


def test_every_changed_bit_is_found_out(written):
    data = written[-1]
    for place in range(len(data)):
        with pytest.raises(DamagedPayload):
            payload.read(data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :])
    for length in range(len(data)):
        with pytest.raises(DamagedPayload):
            payload.read(data[:length])


def test_damage_with_a_right_checksum_is_an_error_or_other_numbers(written):
    data = written[-1]
    random = np.random.default_rng(0)
    for _ in range(200):
        changed = bytearray(data)
        for place in random.integers(2, len(data), 3):
            changed[place] = random.integers(256)
        head, body = bytes(changed[:15]), bytes(changed[19:])
        head = head[:11] + data[11:15] if random.random() < 0.9 else head  # mostly of the same size
        try:
            found = payload.read(head + zlib.crc32(head + body).to_bytes(4, "big") + body)
        except ZooError:
            continue
        if found.layout.size == (250, 203):
            for n, back in found.residuals().items():
                assert back.shape == (*found.layout.shape(n), 2)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [(2, 2, "of version 2"), (3, 9, "decoder 9"), (4, None, "other weights of crayon_edge")],
)
def test_files_of_other_versions_and_decoders(place, value, message, written):
    head = bytearray(written[-1][:15])
    head[place] = head[place] ^ 1 if value is None else value
    body = written[-1][19:]
    with pytest.raises(ZooError, match=message):
        payload.read(bytes(head) + zlib.crc32(bytes(head) + body).to_bytes(4, "big") + body).check_weights()


def test_few_bytes_are_not_taken_for_a_huge_photograph(written):
    head = written[-1][:11] + b"\xff\xff\xff\xff"
    with pytest.raises(DamagedPayload, match="so few bytes"):
        payload.read(head + zlib.crc32(head + b"12").to_bytes(4, "big") + b"12")


def test_what_cannot_be_written():
    layout = Layout((16, 16), 16, 44)
    for residual in (payload.LARGEST, -payload.LARGEST):
        residuals = {16: np.full((1, 1, 2), residual)}
        assert np.array_equal(payload.read(payload.write(layout, residuals, DECODER)).residuals()[16], residuals[16])
        with pytest.raises(ZooError, match="within"):
            payload.write(layout, {16: residuals[16] * 2}, DECODER)
    for size, last in (((15, 40), 8), ((64, 64), 32)):
        with pytest.raises(ZooError):
            Layout(size, last, 44)
    with pytest.raises(ZooError, match="at most 65,535"):
        payload.write(Layout((16, 70000), 16, 44), {}, DECODER)


def test_other_priors_are_an_error(monkeypatch):
    payload._stored_priors.cache_clear()
    monkeypatch.setattr(payload, "PRIORS", payload.PRIORS.replace("70c5", "70c6"))
    with pytest.raises(ZooError, match="damaged or missing"):
        payload.priors()
    payload._stored_priors.cache_clear()


def test_contexts_stay_within_their_tables():
    """Of residuals and colours as large as they come."""
    from zoo.codecs.pyramid_coder import VALUES, _look

    random = np.random.default_rng(0)
    contexts = np.zeros(CONTEXTS, np.int64)
    for scale in (1, 3, 30, 10**5):
        planes = [np.rint(random.normal(0, scale, (8, 8))).astype(np.int64) for _ in range(2)]
        parents, coarse = (np.rint(random.normal(0, scale, (4, 4))).astype(np.int64) for _ in range(2))
        for is_second in (False, True):
            for row in range(8):
                for column in range(8):
                    chosen = _look(contexts, row, column, planes[1], is_second, planes[0], parents, coarse, 12)
                    assert 0 <= chosen < 8
                    assert contexts.min() >= 0
                    assert contexts.max() < VALUES
