"""Colour spaces in keras.ops: sRGB to and from CIELAB, Y'UV and Y'CbCr.

All functions take and give channels last, `(..., 3)`, any leading shape, on any Keras backend; ValueError for another
last axis.

| space  | units                                                                    |
|--------|--------------------------------------------------------------------------|
| sRGB   | 0 to 255, any dtype in; float32 out, clipped to the gamut, not rounded   |
| CIELAB | L* 0 to 100, a* and b* in CIELAB units; D65, 2 degree observer           |
| Y'UV   | Y' 0 to 1, U within 0.436 and V within 0.615 of zero; BT.601             |
| Y'CbCr | Y' 0 to 255, Cb and Cr -128 to 127, zero for grey; BT.601, full range, as in JPEG |

CIELAB and Y'UV agree with `skimage.color` to 1e-3.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from keras import ops

from zoo.images import check_channels

# IEC 61966-2-1 primaries to XYZ, and the D65 white point (2 degrees), as scikit-image has them.
_XYZ_FROM_RGB = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])
# The same matrices for XYZ relative to white, transposed for row vectors.
_WHITE_FROM_RGB = (_XYZ_FROM_RGB / _WHITE[:, None]).T.astype("float32")
RGB_FROM_WHITE = np.linalg.inv((_XYZ_FROM_RGB / _WHITE[:, None]).T).astype("float32")
# L* = 116 f(Y) - 16, a* = 500 (f(X) - f(Y)), b* = 200 (f(Y) - f(Z)), as an affine map of (f(X), f(Y), f(Z)).
_LAB_FROM_F = np.array([[0, 500, 0], [116, -500, 200], [0, 0, -200]], "float32")
_LAB_OFFSET = np.array([16, 0, 0], "float32")
_F_FROM_LAB = np.linalg.inv(_LAB_FROM_F).astype("float32")

# scikit-image clips f(Z) at zero, and nothing else, for colours that no light can have.
_LEAST_F = np.array([-np.inf, -np.inf, 0], "float32")

_YUV_FROM_RGB = np.array(
    [[0.299, 0.587, 0.114], [-0.14714119, -0.28886916, 0.43601035], [0.61497538, -0.51496512, -0.10001026]]
).T
_YCBCR_FROM_RGB = np.array(
    [[0.299, 0.587, 0.114], [-0.168735892, -0.331264108, 0.5], [0.5, -0.418687589, -0.081312411]]
).T
LUMA_FROM_RGB = _YCBCR_FROM_RGB[:, 0].astype("float32")
# R, G and B less Y' are a linear map of Cb and Cr, `(2, 3)`.
RGB_FROM_CHROMA = np.linalg.inv(_YCBCR_FROM_RGB)[1:].astype("float32")


def srgb_to_linear(value):
    """Linear light in [0, 1] of gamma-encoded values in [0, 1] (IEC 61966-2-1)."""
    curve = ops.power((ops.maximum(value, 0.04045) + 0.055) / 1.055, 2.4)
    return ops.where(value > 0.04045, curve, value / 12.92)


def linear_to_srgb(value):
    """Gamma-encoded values in [0, 1] of linear light in [0, 1] (IEC 61966-2-1)."""
    curve = 1.055 * ops.power(ops.maximum(value, 0.0031308), 1 / 2.4) - 0.055
    return ops.where(value > 0.0031308, curve, value * 12.92)


def rgb_to_lab(rgb):
    """CIELAB `(..., 3)` of sRGB `(..., 3)` in 0 to 255."""
    check_channels(rgb, "rgb")
    white = ops.matmul(srgb_to_linear(ops.cast(rgb, "float32") / 255.0), _WHITE_FROM_RGB)
    cube_root = ops.power(ops.maximum(white, 0.008856), 1 / 3)
    f = ops.where(white > 0.008856, cube_root, 7.787 * white + 16 / 116)
    return ops.subtract(ops.matmul(f, _LAB_FROM_F), _LAB_OFFSET)


def lab_to_white_xyz(lab):
    """XYZ relative to the white point, `(..., 3)`, of CIELAB `(..., 3)`. Needs no power function."""
    check_channels(lab, "lab")
    f = ops.maximum(ops.matmul(ops.add(lab, _LAB_OFFSET), _F_FROM_LAB), _LEAST_F)
    return ops.where(f > 0.2068966, f * f * f, (f - 16 / 116) / 7.787)


def lab_to_rgb(lab):
    """sRGB `(..., 3)` in 0 to 255 of CIELAB `(..., 3)`; colours outside the gamut are clipped."""
    check_channels(lab, "lab")
    linear = ops.matmul(lab_to_white_xyz(ops.cast(lab, "float32")), RGB_FROM_WHITE)
    return 255.0 * linear_to_srgb(ops.clip(linear, 0.0, 1.0))


def rgb_to_yuv(rgb):
    """Y'UV `(..., 3)` of sRGB `(..., 3)` in 0 to 255: Y' in 0 to 1."""
    check_channels(rgb, "rgb")
    return ops.matmul(ops.cast(rgb, "float32"), (_YUV_FROM_RGB / 255).astype("float32"))


def yuv_to_rgb(yuv):
    """sRGB `(..., 3)` in 0 to 255 of Y'UV `(..., 3)`, clipped."""
    check_channels(yuv, "yuv")
    inverse = (255 * np.linalg.inv(_YUV_FROM_RGB)).astype("float32")
    return ops.clip(ops.matmul(ops.cast(yuv, "float32"), inverse), 0.0, 255.0)


def rgb_to_ycbcr(rgb):
    """Y'CbCr `(..., 3)` of sRGB `(..., 3)` in 0 to 255: Y' in 0 to 255, Cb and Cr about zero."""
    check_channels(rgb, "rgb")
    return ops.matmul(ops.cast(rgb, "float32"), _YCBCR_FROM_RGB.astype("float32"))


def ycbcr_to_rgb(ycbcr):
    """sRGB `(..., 3)` in 0 to 255 of Y'CbCr `(..., 3)`, clipped."""
    check_channels(ycbcr, "ycbcr")
    inverse = np.linalg.inv(_YCBCR_FROM_RGB).astype("float32")
    return ops.clip(ops.matmul(ops.cast(ycbcr, "float32"), inverse), 0.0, 255.0)


@dataclass(frozen=True)
class Space:
    """A colour space in which luma and grid are kept.

    Attributes:
        name: as result files have it.
        from_rgb, to_rgb: see `zoo.color_spaces`.
        white: luma of white.
        eight_bits: luma and grid are rounded to whole numbers, as where the space is that of files and devices.
    """

    name: str
    from_rgb: Callable
    to_rgb: Callable
    white: float
    eight_bits: bool


LAB = Space("CIELAB", rgb_to_lab, lab_to_rgb, 100.0, False)
YUV = Space("Y'UV", rgb_to_yuv, yuv_to_rgb, 1.0, False)
YCBCR = Space("Y'CbCr", rgb_to_ycbcr, ycbcr_to_rgb, 255.0, True)
