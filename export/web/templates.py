"""TFLite files for images of every size, out of one: LiteRT in the browser cannot resize what it has loaded.

The files that a decoder is converted to for grids of different sizes have the same operators, weights and length. What
differs are 32-bit words, of shapes and slices, and each of them is a whole-numbered sum of 1, the rows of the grid, its
columns and both multiplied. So a page needs one file and these numbers to make that of any size.
"""

from dataclasses import dataclass

import numpy as np
from ai_edge_litert.tools import flatbuffer_utils

from export.lite_codec import converted
from zoo.codecs.grid import Grid
from zoo.color_spaces import YCBCR
from zoo.errors import ZooError

SIZES = (11, 13), (17, 13), (11, 29), (23, 31)  # rows and columns that words are learned from
CHECKED = 19, 47


@dataclass(frozen=True)
class Template:
    """A TFLite file for one grid, and what to write into it for others.

    Attributes:
        content: its bytes.
        words: int64 `(k, 5)`: the number of a 32-bit word, lowest byte first, and its factors of 1, rows, columns and
            rows times columns.
    """

    content: bytes
    words: np.ndarray

    def of(self, rows, columns):
        """The bytes of the file for a grid of so many cells."""
        found = np.frombuffer(self.content, "<i4").copy()
        found[self.words[:, 0]] = self.words[:, 1:] @ _terms(rows, columns)
        return found.tobytes()


def template(codec, n):
    """The `Template` of an `EdgeCodec`, for images of whole cells of n pixels. ZooError if it has none."""
    files = [_file(codec, n, size) for size in SIZES]
    if len({len(file) for file in files}) > 1:
        raise ZooError(f"{codec.model.name} has constants as large as its images: it has no file for every size")
    words = np.array([np.frombuffer(file, "<i4") for file in files], np.int64)
    changing = np.flatnonzero((words != words[0]).any(axis=0))
    factors = np.linalg.solve([_terms(*size) for size in SIZES], words[:, changing]).round().astype(np.int64)
    found = Template(files[0], np.column_stack([changing, factors.T]))
    if found.of(*CHECKED) != _file(codec, n, CHECKED):
        raise ZooError(f"{codec.model.name} has files of which this is no template")
    return found


def _terms(rows, columns):
    return np.array([1, rows, columns, rows * columns])


def _file(codec, n, size):
    """The file for a grid of that size, without names and notes, which have lengths of their own."""
    built = codec.build([n * side for side in size], Grid(n, "means", YCBCR))
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(converted(built, "float32")))
    graph, (signature,) = model.subgraphs[0], model.signatureDefs
    for tensor in graph.tensors:
        tensor.name = b""
    for port in (*signature.inputs, *signature.outputs):
        graph.tensors[port.tensorIndex].name = port.name
    for note in model.metadata:
        model.buffers[note.buffer].data = None
    graph.name, model.description, model.metadata = b"", b"", []
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
