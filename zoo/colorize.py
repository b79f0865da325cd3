"""Colours for a photograph of any size, by a model that was made for small ones."""

import numpy as np
from keras import ops

from zoo.color_spaces import lab_to_rgb, rgb_to_lab, rgb_to_ycbcr, rgb_to_yuv, ycbcr_to_rgb, yuv_to_rgb

SIDE = 32  # that of the images that the colorizers of the zoo know
LARGEST_RATIO = 8  # of the sides of what a model is given
_CONVERSIONS = {"lab": (rgb_to_lab, lab_to_rgb), "yuv": (rgb_to_yuv, yuv_to_rgb), "rgb": (rgb_to_ycbcr, ycbcr_to_rgb)}


def colorize(model, image):
    """Colours a photograph: chroma is predicted at the model's size and joined to the full-size luma.

    A model of static size sees the whole photograph squeezed to it, one of any size sees it with its shorter side at 32
    pixels, as in CIFAR-10.

    Args:
        model: a Keras model from `{"luma": (batch, h, w, 1)}` to an output named "lab", "yuv" or "rgb", such as those
            of `zoo.champati`.
        image: uint8, grey `(H, W)` or `(H, W, 1)`, or sRGB `(H, W, 3)`, whose own colours are not looked at.

    Returns:
        uint8 sRGB `(H, W, 3)`.

    Raises:
        ValueError: an image of another type or shape, a model of other outputs.
    """
    image = np.asarray(image)
    if image.ndim == 2:
        image = image[..., None]
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] not in (1, 3) or not image.size:
        raise ValueError(f"`image` must be uint8 (H, W), or (H, W, 1 or 3). Received: {image.dtype} {image.shape}")
    space = next((name for name in _CONVERSIONS if name in model.output_names), None)
    if space is None:
        raise ValueError(f"`model` must have an output named {tuple(_CONVERSIONS)}. Received: {model.output_names}")
    from_rgb, to_rgb = _CONVERSIONS[space]
    luma = ops.convert_to_numpy(from_rgb(np.broadcast_to(image, (*image.shape[:2], 3)))[..., :1])
    size = _size(model.inputs[0].shape, luma.shape)
    seen = ops.convert_to_numpy(ops.image.resize(luma[None], size, "bilinear", antialias=True))
    predicted = model.predict_on_batch({"luma": seen})[space]
    if space == "rgb":
        predicted = rgb_to_ycbcr(predicted)
    chroma = ops.image.resize(predicted[..., 1:], luma.shape[:2], "bilinear")[0]
    rgb = ops.convert_to_numpy(to_rgb(ops.concatenate([luma, chroma], axis=-1)))
    return rgb.round().clip(0, 255).astype(np.uint8)


def _size(input_shape, shape):
    """Height and width at which a model is shown an image."""
    if None not in input_shape[1:3]:
        return input_shape[1:3]
    scale = SIDE / min(shape[:2])
    return tuple(min(round(side * scale), LARGEST_RATIO * SIDE) for side in shape[:2])
