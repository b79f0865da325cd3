"""Reads arrays of .npz files that anybody may have written, or that are damaged."""

import io
import zipfile

import numpy as np
from numpy.lib import format as npy

_LARGEST_HEADER = 1 << 12  # bytes of an array in front of its numbers


def read_arrays(content, shapes, path, partial=False):
    """Arrays of a .npz file, as float32 by name.

    Nothing is read but these, none before its header says that it is what is expected, and none further than that: what
    else a file holds, or unpacks to, costs no memory. ValueError for bytes that are no .npz file that can be read, or
    one that lacks an array of the right shape.

    Args:
        content: bytes of the file.
        shapes: of the arrays, by name.
        path: as which an error names the file.
        partial: whether arrays that the file lacks are left out.
    """
    arrays, other = {}, None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            there = set(file.namelist())
            for name, shape in shapes.items():
                received = None
                if f"{name}.npy" in there:
                    received, arrays[name] = _read_array(file, f"{name}.npy", shape)
                elif partial:
                    continue
                if received != shape:
                    other = f"{name} of shape {shape}. Received: shape={received}"
                    break
    except Exception as error:  # zipfile, zlib or NumPy, whatever is damaged
        raise ValueError(f"{path} is no .npz file that can be read ({error})") from None
    if other:
        raise ValueError(f"{path} holds no {other}")
    return arrays


def _read_array(file, name, expected):
    """The shape of an array in a zip file, and the array as float32 if it is the expected one, else None."""
    # What other methods, and headers of later versions, unpack to has no bound; nothing here needs them.
    if file.getinfo(name).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is compressed in an unusual way")
    with file.open(name) as stream:
        if npy.read_magic(stream) != (1, 0):
            raise ValueError(f"{name} is no array of version 1.0")
        shape, is_fortran, dtype = npy.read_array_header_1_0(stream, _LARGEST_HEADER)
        if shape != expected:
            return shape, None
        if dtype.kind not in "fiu" or dtype.itemsize > 8:
            raise ValueError(f"{name} is of type {dtype}")
        size = int(np.prod(shape, dtype=int)) * dtype.itemsize
        data = stream.read(size)
        if len(data) < size:
            raise ValueError(f"{name} is cut short")
    array = np.frombuffer(data, dtype).reshape(shape, order="F" if is_fortran else "C").astype("float32")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds what is no number")
    return shape, array
