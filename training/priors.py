"""Trains what the coder of colour pyramids begins with: `python -m training.priors --dataset folder:data/cid22`."""

import hashlib
import io
import sys
from pathlib import Path

import numpy as np

from training.command import ArgumentParser, natural, run
from training.outputs import writing

RATE = 3  # at which weights learn: slower than in a file, since there is more to see
MOST_COUNT = 30  # of what is handed on: what a file's own colours say soon counts for more
RUNGS = 2  # settings by which each photograph is coded
LUMA_SHARE = 0.5  # of the photographs whose luma went through an image codec first, as it does in files


def main(argv):
    """Codes the colours of training photographs, one after the other, and writes the statistics that come of it.

    The file is named by its SHA-256. To use it, name it in zoo/codecs/payload.py: it belongs to the version of the
    format, for files that were written with others cannot be read with it.
    """
    parser = ArgumentParser(prog="python -m training.priors", description=main.__doc__)
    parser.add_argument("--dataset", required=True, help="photographs: a TFDS name or folder:PATH")
    parser.add_argument("--decoder", default="crayon_edge-photographs", help="weights that predict the colours")
    parser.add_argument("--seed", type=natural, default=0, help="of the order, the settings and the luma codecs")
    parser.add_argument("--out", type=Path, default=Path("priors"), help="folder for the file")
    arguments = parser.parse_args(argv)

    import zoo
    from training.data.luma import CODECS, compress_luma
    from training.data.sources import open_dataset
    from zoo.codecs.payload import no_priors
    from zoo.codecs.pyramid import LADDER, Layout, Pyramid, luma_and_chroma, luma_and_grids

    codec = zoo.load(arguments.decoder)
    random = np.random.default_rng(arguments.seed)
    images = list(open_dataset(arguments.dataset, seed=arguments.seed).images("train"))
    states = no_priors()
    for done, index in enumerate(random.permutation(len(images)), 1):
        rgb = np.asarray(images[index])
        _, grids = luma_and_grids(rgb)
        if random.random() < LUMA_SHARE:
            name = list(CODECS)[random.integers(len(CODECS))]
            rgb = compress_luma(rgb, name, int(random.integers(*CODECS[name])))
        luma, _ = luma_and_chroma(rgb)
        for rung in random.permutation(len(LADDER))[:RUNGS]:
            layout = Layout(luma.shape, *LADDER[rung])
            Pyramid(layout, luma, codec).encode(grids, states, RATE)
        print(f"\r{done} of {len(images)} photographs", end="", flush=True)
    probabilities, counts, weights = states
    stored = io.BytesIO()
    np.savez_compressed(
        stored,
        probabilities=probabilities.astype(np.uint16),
        counts=counts.clip(max=MOST_COUNT).astype(np.uint8),
        weights=weights,
    )
    digest = hashlib.sha256(stored.getvalue()).hexdigest()
    path = arguments.out / f"color_pyramid_priors-{digest[:8]}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing(path) as temporary:
        temporary.write_bytes(stored.getvalue())
    print(f"\nwritten: {path}, {len(stored.getvalue()):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
