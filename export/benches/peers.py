"""Image codecs that colour-grid files are measured beside, by Pillow, and what colours cost in their files."""

import io
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from export.kinds import encode
from training.command import CommandError
from training.data.pixels import read_image
from training.metrics.images import psnr


@dataclass(frozen=True)
class Peer:
    """An image codec with its settings.

    Attributes:
        codec: those of one codec count as one, of which each photograph may take the best.
        kind: jpeg, webp, avif or jpeg-xl.
        qualities: those to be measured, from coarse to fine.
        options: of Pillow's encoder.
    """

    codec: str
    kind: str
    qualities: tuple
    options: dict = field(default_factory=dict)

    @property
    def name(self):
        """The codec, and its subsampling."""
        return " ".join(filter(None, [self.codec, self.options.get("subsampling")]))

    def encode(self, image, quality):
        """The bytes of a Pillow image of mode L or RGB."""
        options = {name: value for name, value in self.options.items() if image.mode == "RGB" or name != "subsampling"}
        if self.kind != "jpeg-xl":
            return encode(image, self.kind, quality, **options)
        try:
            import pillow_jxl  # noqa: F401, which registers it with Pillow
        except ImportError:
            raise CommandError("JPEG XL needs pillow-jxl-plugin: pip install 'colorizer-zoo[bench]'") from None
        file = io.BytesIO()
        image.save(file, "JXL", quality=quality, **options)
        return file.getvalue()


JPEG, WEBP, AVIF = (5, 10, 20, 30, 40, 55, 70, 80, 90, 95), (5, 15, 30, 45, 60, 75, 90), (5, 15, 30, 45, 60, 75, 90)
PEERS = (
    Peer("jpeg", "jpeg", JPEG, {"subsampling": "4:2:0"}),
    Peer("jpeg", "jpeg", JPEG, {"subsampling": "4:4:4"}),
    Peer("webp", "webp", WEBP),
    Peer("avif speed 6", "avif", AVIF, {"speed": 6, "subsampling": "4:2:0"}),
    Peer("avif speed 6", "avif", AVIF, {"speed": 6, "subsampling": "4:4:4"}),
    Peer("avif speed 4", "avif", AVIF, {"speed": 4, "subsampling": "4:4:4"}),
    Peer("jpeg-xl", "jpeg-xl", (20, 40, 55, 65, 75, 85, 92), {"effort": 7}),
)


def read(data):
    """uint8 sRGB `(H, W, 3)` of the bytes of a file."""
    return read_image(io.BytesIO(data))[0]


def color_bytes(peer, luma, qualities, files, lumas):
    """Bytes that colours take in files of one photograph: what a grey file of the same luma lacks.

    A codec may spend less on luma where there is colour: of the grey file of equal quality and that of equal PSNR of
    luma, the larger one is taken away, in favour of the codec.

    Args:
        peer: a `Peer`.
        luma: Y', uint8 `(H, W)`.
        qualities: of the files.
        files: their bytes.
        lumas: Y', float `(H, W)`, of what is decoded from them.
    """
    grey = [peer.encode(Image.fromarray(luma), quality) for quality in qualities]
    sizes = np.array([len(data) for data in grey])
    own = [psnr(luma, read(data)[..., 0]) for data in grey]
    order = np.argsort(own)
    alike = np.exp(np.interp([psnr(luma, each) for each in lumas], np.array(own)[order], np.log(sizes)[order]))
    return [int(max(len(data) - max(grey, same), 1)) for data, grey, same in zip(files, sizes, alike, strict=True)]
