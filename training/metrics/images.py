"""Image quality, on uint8 sRGB: 8-bit rounding and clipping come before any figure.

Every metric takes two arrays `(H, W, 3)`, original and decoded, and gives a float.
"""

import numpy as np

from training.command import CommandError

SSIM_WINDOW = 11  # pixels a side
_PART = 1 << 18  # values that are compared at a time


def psnr(original, decoded):
    """Peak signal-to-noise ratio in dB over R, G and B; 100 for equal images, so that means stay finite."""
    return _decibels(squared_error(original, decoded) / original.size)


def squared_error(original, decoded):
    """The sum of squared errors of all numbers of two arrays of one shape. ValueError if they are not."""
    if original.shape != decoded.shape:
        raise ValueError(f"Images must be of one shape. Received: {original.shape} and {decoded.shape}")
    original, decoded = original.reshape(-1), decoded.reshape(-1)
    parts = (slice(start, start + _PART) for start in range(0, original.size, _PART))
    return float(sum(np.square(original[part].astype(float) - decoded[part]).sum() for part in parts))


def chroma_psnr(original, decoded):
    """PSNR in dB over a* and b* together, with peak 255."""
    return _decibels(np.mean(np.square((_lab(original) - _lab(decoded))[..., 1:])))


def ciede2000(original, decoded):
    """Mean CIEDE2000 colour difference; about 1 is just noticeable."""
    from skimage.color import deltaE_ciede2000

    return float(deltaE_ciede2000(_lab(original), _lab(decoded)).mean())


def ssim(original, decoded):
    """Structural similarity over R, G and B (Wang et al. 2004: Gaussian window, sigma 1.5), with data range 255.

    CommandError for images that are smaller than the window.
    """
    if min(original.shape[:2]) < SSIM_WINDOW:
        raise CommandError(f"SSIM needs images of at least {SSIM_WINDOW}x{SSIM_WINDOW}: choose a larger --size")
    from skimage.metrics import structural_similarity

    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return float(structural_similarity(original, decoded, channel_axis=-1, data_range=255, **options))


def csim(original, decoded):
    """Colour-similarity index: mean SSIM of the a* and b* planes, with data range 255.

    The name is Crayon's (arXiv 2502.05402), which takes it from Kikuchi, Kataoka, Muramatsu and Huttunen, "Color-tone
    similarity of digital images", ICIP 2013. No formula could be found in either, so this one is ours and the
    paper's values are not comparable with it.
    """
    return ssim(_lab(original)[..., 1:] + 128, _lab(decoded)[..., 1:] + 128)


METRICS = {"psnr": psnr, "chroma_psnr": chroma_psnr, "ciede2000": ciede2000, "ssim": ssim, "csim": csim}


def _lab(rgb):
    from skimage.color import rgb2lab  # here, as what a command may measure is named in its --help, without it

    return rgb2lab(rgb)


def _decibels(squared_error):
    return float(-10 * np.log10(max(squared_error / 255**2, 1e-10)))
