"""Which images are for training, for validation and for test."""

import numpy as np

SPLITS = ("train", "validation", "test")


def digests(sources):
    """The sorted digests of each split read so far from several `Photographs`: what a run records of its data."""
    return {split: sorted(digest for source in sources for digest in source.seen[split].values()) for split in SPLITS}


def split_flat(items, seed):
    """A seeded tenth of `items` for validation, a tenth for test, and the rest for training."""
    order = np.random.default_rng(seed).permutation(len(items))
    tenth = -(-len(items) // 10)
    parts = {"test": order[:tenth], "validation": order[tenth : 2 * tenth], "train": order[2 * tenth :]}
    return {split: [items[i] for i in sorted(positions)] for split, positions in parts.items()}


def share_held_out(splits, test_images, seed):
    """Fills the empty ones of validation and test: validation from train, test from validation, both from train."""
    if not splits["validation"] and not splits["test"]:
        splits.update(split_flat(splits["train"], seed))
    elif not splits["validation"]:
        order = np.random.default_rng(seed).permutation(len(splits["train"]))
        _divide(splits, "train", "validation", order[: len(order) // 5])
    elif not splits["test"]:
        held_out = len(splits["validation"])
        if not test_images or max(test_images) >= held_out:
            test_images = np.random.default_rng(seed).permutation(held_out)[: -(-held_out // 10)]
        _divide(splits, "validation", "test", test_images)


def _divide(splits, whole, part, positions):
    chosen = set(map(int, positions))
    splits[part] = [item for i, item in enumerate(splits[whole]) if i in chosen]
    splits[whole] = [item for i, item in enumerate(splits[whole]) if i not in chosen]
