"""Runs an exported decoder from its file. Imports neither Keras nor, for TFLite, TensorFlow."""

import contextlib

import numpy as np

from training.benchmark import median_time


class TfliteDecoder:
    """A TFLite decoder from its file, on the default delegate, as an application would run it."""

    def __init__(self, path, threads):
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
        self._interpreter.allocate_tensors()  # once; a signature's own call would do so each time
        signature = self._interpreter.get_signature_runner(next(iter(self._interpreter.get_signature_list())))
        inputs, outputs = signature.get_input_details(), signature.get_output_details()
        self._inputs = {name: detail["index"] for name, detail in inputs.items()}
        (self._output,) = (detail["index"] for detail in outputs.values())
        self.shapes = {name: tuple(detail["shape"]) for name, detail in inputs.items()}
        self.types = {name: np.dtype(detail["dtype"]).name for name, detail in (inputs | outputs).items()}
        self.operators = sorted({op["op_name"] for op in self._interpreter._get_ops_details()} - {"DELEGATE"})

    def __call__(self, inputs):
        for name, index in self._inputs.items():
            self._interpreter.set_tensor(index, inputs[name])
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)


class SavedModelDecoder:
    """A SavedModel from its folder. TensorFlow's threads are the process's: the first decoder in it sets them."""

    operators = ()

    def __init__(self, path, threads, signature=None):
        import tensorflow as tf

        with contextlib.suppress(RuntimeError):  # already set
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(1)
        self._loaded = tf.saved_model.load(str(path))  # the signature alone would not keep it alive
        self._run = self._loaded.signatures[signature or next(iter(self._loaded.signatures))]
        self._tensor = tf.constant
        inputs, outputs = self._run.structured_input_signature[1], self._run.structured_outputs
        self.shapes = {name: tuple(spec.shape) for name, spec in inputs.items()}
        self.types = {name: spec.dtype.name for name, spec in (inputs | outputs).items()}

    def __call__(self, inputs):
        (output,) = self._run(**{name: self._tensor(value) for name, value in inputs.items()}).values()
        return output.numpy()


def open_decoder(path, threads=2, signature=None):
    """The decoder in a .tflite file or, of the first signature if none is named, in a SavedModel folder.

    `decoder({"luma": ..., "grid": ...})` gives its one output, `rgb`; `shapes` and `types` are those of its inputs and
    outputs by name, `operators` the sorted names of its TFLite operators.
    """
    return SavedModelDecoder(path, threads, signature) if path.is_dir() else TfliteDecoder(path, threads)


def decode_tiled(decoder, luma, grid, n, overlap=10):
    """Decodes an image of any size with a decoder of a smaller or larger one, tile by tile.

    Tiles begin at cells of the grid, and of each the border is thrown away where another tile follows, so that no seam
    is seen. Beyond the image its border is repeated.

    Args:
        decoder: see `open_decoder`; the sides of its images are multiples of n.
        luma: uint8 `(H, W, 1)`.
        grid: uint8 `(ceil(H/n), ceil(W/n), 2)`.
        n: grid step.
        overlap: cells at a tile's border that its neighbours decide.

    Returns:
        uint8 `(H, W, 3)`.

    Raises:
        ValueError: tiles that are no multiple of n or no larger than both overlaps, a grid that is not the image's.
    """
    shape, cells = luma.shape[:2], decoder.shapes["grid"][1:3]
    if decoder.shapes["luma"][1:3] != (cells[0] * n, cells[1] * n) or min(cells) <= 2 * overlap:
        raise ValueError(
            f"Tiles must be a multiple of n and larger than twice the overlap. Received: tiles of "
            f"{decoder.shapes['luma'][1:3]}, n={n}, overlap={overlap}"
        )
    if grid.shape[:2] != (-(-shape[0] // n), -(-shape[1] // n)):
        raise ValueError(f"`grid` is not that of the luma. Received: {grid.shape} for {luma.shape} and n={n}")
    rgb = np.empty((*shape, 3), np.uint8)
    down, across = (list(_tiles(*pair, overlap)) for pair in zip(grid.shape[:2], cells, strict=True))
    for top, above, below in down:
        for left, before, after in across:
            inputs = {
                "luma": _part(luma, (top, left), cells, n)[None],
                "grid": _part(grid, (top, left), cells, 1)[None],
            }
            tile = decoder(inputs)[0, (above - top) * n : (below - top) * n, (before - left) * n : (after - left) * n]
            part = rgb[above * n : below * n, before * n : after * n]
            part[:] = tile[: part.shape[0], : part.shape[1]]
    return rgb


def _tiles(length, tile, overlap):
    """(first cell, first kept, end of kept) of each tile along a side of `length` cells."""
    kept = first = 0
    while kept < length:
        first = max(0, min(kept - overlap, length - tile))
        end = length if first + tile >= length else first + tile - overlap
        yield first, kept, end
        kept = end


def _part(image, first, cells, n):
    """The pixels of a tile; what lies beyond the image repeats its border."""
    rows, columns = (slice(f * n, (f + c) * n) for f, c in zip(first, cells, strict=True))
    part = image[rows, columns]
    return np.pad(part, [(0, c * n - side) for c, side in zip(cells, part.shape[:2], strict=True)] + [(0, 0)], "edge")


def median_latency(decoder, inputs, repeats):
    """Median time of a decoder in ms, after a first call that allocates."""
    return 1000 * median_time(lambda: decoder(inputs), repeats, warm_up=1)
