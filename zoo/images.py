"""What an image is to every function here that takes one: uint8, with a height, a width and three colours."""

import numpy as np
from keras import ops


def checked_image(image, name="image", may_be_grey=False):
    """An image as an array: uint8 sRGB `(H, W, 3)`; where it may be grey, also `(H, W, 1)`, or `(H, W)` as the same.

    ValueError for another type or shape, or no pixel; `name` is what it calls the image.
    """
    found, channels = np.asarray(image), (1, 3) if may_be_grey else (3,)
    if may_be_grey and found.ndim == 2:
        found = found[..., None]
    if found.dtype != np.uint8 or found.ndim != 3 or found.shape[-1] not in channels or not found.size:
        expected = "uint8 (H, W), or (H, W, 1 or 3)" if may_be_grey else "uint8 (H, W, 3)"
        raise ValueError(f"`{name}` must be {expected}. Received: {_described(image)}")
    return found


def checked_images(images):
    """A batch of images of one size, uint8 sRGB `(N, H, W, 3)`, as an array. ValueError if it is none."""
    found = np.asarray(images)
    if found.dtype != np.uint8 or found.ndim != 4 or found.shape[-1] != 3 or not found.size:
        raise ValueError(f"`images` must be uint8 (N, H, W, 3). Received: {_described(images)}")
    return found


def check_channels(tensor, name):
    """ValueError unless the last axis of a tensor, symbolic or not, is that of three colours."""
    shape = tensor.shape if hasattr(tensor, "shape") else np.shape(tensor)
    if not len(shape) or shape[-1] != 3:
        raise ValueError(f"`{name}` must be (..., 3). Received: {_described(tensor)}")


def _described(tensor):
    if not hasattr(tensor, "shape"):
        return type(tensor).__name__
    return f"{getattr(tensor.dtype, 'name', tensor.dtype)} {tuple(tensor.shape)}"


def to_uint8(rgb):
    """Colours in 0 to 255 as 8-bit levels."""
    return np.asarray(ops.convert_to_numpy(rgb)).round().clip(0, 255).astype(np.uint8)


CHUNK = 1000  # images at a time


def chunks(*arrays):
    """Yields parts of arrays of the same length, as many images at a time as are good for memory."""
    for start in range(0, len(arrays[0]), CHUNK):
        yield [array[start : start + CHUNK] for array in arrays]
