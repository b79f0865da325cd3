"""What encoding and decoding cost: seconds and memory by size, beside Pillow's codecs, one thread each."""

import io
import itertools
import time

import numpy as np
from PIL import Image

from export.benches import environment
from training.command import ONE_THREAD, in_fresh_process

SIZES = ((64, 64), (256, 256), (512, 768), (1024, 1536), (2048, 3072), (4000, 6000))
QUALITY = 50
ENOUGH = 1.0  # seconds of repetition


def measured(photographs, arguments):
    """See `export.benches`: rows of each size and kind, of pictures that are put together of the photographs.

    Seconds, and megabytes of a process that does nothing else, of encoding and of decoding.
    """
    found, sizes = [], [size for size in SIZES if np.prod(size) <= arguments.megapixels * 1e6]
    for size, kind in itertools.product(sizes, arguments.kinds):
        rgb = mosaic([rgb for _, rgb in photographs], size)
        for name, encode, decode in (
            (kind, encode_plain, decode_plain),
            (f"colour-grid {kind}", encode_colors, decode_colors),
            (f"colour-grid {kind}, TFLite", None, decode_lite),
        ):
            metrics = {}
            with environment(ONE_THREAD):
                if encode:
                    data, costs = in_fresh_process(encode, rgb, kind, arguments.decoder)
                    metrics |= {f"encode_{cost}": value for cost, value in costs.items()}
                _, costs = in_fresh_process(decode, data, arguments.decoder)
            metrics |= {f"decode_{cost}": value for cost, value in costs.items()}
            found.append({"name": name, "size": f"{size[1]}x{size[0]}", "metrics": metrics})
            print(f"{size[1]}x{size[0]}: {name}", flush=True)
    return found, [], ()


def mosaic(photographs, size):
    """A picture `(height, width)` of photographs side by side, each again when all are used."""
    height, width = size
    tall, wide = np.min([rgb.shape[:2] for rgb in photographs], axis=0)
    photographs = itertools.cycle(photographs)
    rows = [
        np.concatenate([next(photographs)[:tall, :wide] for _ in range(-(-width // wide))], axis=1)
        for _ in range(-(-height // tall))
    ]
    return np.ascontiguousarray(np.concatenate(rows)[:height, :width])


def encode_plain(rgb, kind, _):
    """The bytes of a colour file of Pillow's, and what they cost."""
    from export.kinds import encode

    return _timed(lambda: encode(Image.fromarray(rgb), kind, QUALITY))


def decode_plain(data, _):
    """The pixels of a file, and what they cost."""
    return _timed(lambda: np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).shape)


def encode_colors(rgb, kind, decoder):
    """The bytes of a colour-grid file, and what they cost."""
    import zoo
    from export.color_files import Encoder
    from export.photographs import Photograph

    codec = zoo.load(decoder)
    return _timed(lambda: Encoder(Photograph(rgb), kind, codec, decoder).at(QUALITY).data)


def decode_colors(data, decoder):
    """The pixels of a colour-grid file, and what they cost."""
    import zoo
    from export.color_files import decoded, opened

    codec = zoo.load(decoder)
    return _timed(lambda: decoded(opened(data), codec).rgb.shape)


def decode_lite(data, decoder):
    """The same by TFLite float32."""
    import zoo
    from export.color_files import decoded, opened
    from export.lite_codec import LiteCodec

    codec = LiteCodec(zoo.load(decoder))
    return _timed(lambda: decoded(opened(data), codec).rgb.shape)


def _timed(call):
    """What a call gives, and its costs: the first run, in which networks are built, and the median of later ones."""
    from export.benchmark import peak_memory_mb

    times, result = [], None
    while len(times) < 2 or sum(times[1:]) < ENOUGH:
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
    return result, {"s": float(np.median(times[1:])), "first_s": times[0], "mb": peak_memory_mb()}
