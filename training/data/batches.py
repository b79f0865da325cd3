"""Images in the order and in the number in which they are trained on or scored."""

import math

import numpy as np
import tensorflow as tf

from training.command import CommandError

SHUFFLED_BYTES = 1 << 30  # out of as many the next one is drawn at random


def in_epochs(images, batch_size, seed, first=0):
    """Batches of a tf.data.Dataset in random order: endless, from epoch `first` on, and how many are an epoch.

    Each epoch has an order of its own, which depends on the seed alone: not on the backend, which may ask for batches
    that it does not train on, nor on whether a run was interrupted.
    """
    shape = tf.nest.flatten(images.element_spec)[0].shape
    drawn_from = min(len(images), max(1, SHUFFLED_BYTES // shape.num_elements()))
    steps = math.ceil(len(images) / batch_size)
    # Within `flat_map`, where every iterator begins with the first order.
    once = tf.data.Dataset.from_tensors(0)
    epochs = once.flat_map(lambda _: images.shuffle(drawn_from, seed).batch(batch_size).repeat())
    return epochs.skip(first * steps), steps


def balanced(photographs, split, size, limit):
    """At most `limit` images of a split and, where it has classes and one size, their numbers, or None.

    Of data that has classes as many of each are taken, the first in stored order.
    """
    if not size:
        return [rgb for _, rgb in photographs.crops(split, 0, limit=limit).as_numpy_iterator()], None
    try:
        count = len(photographs.classes(split))
    except CommandError:
        return list(photographs.unlabelled(split, size, limit)), None
    images, labels = photographs.labelled(split, size)
    rank = np.array([np.sum(labels[:i] == label) for i, label in enumerate(labels)])
    chosen = np.flatnonzero(rank < (len(images) if limit is None else max(1, limit // count)))[:limit]
    return list(images[chosen]), labels[chosen]


def stacked(photographs, split, size, limit):
    """The same of one size, uint8 `(N, size, size, 3)`."""
    images, labels = balanced(photographs, split, size, limit)
    return np.stack(images), labels


def pairs(batches):
    """What a model is given and must make of it: the same."""
    return batches.map(lambda rgb: (rgb, rgb)).prefetch(tf.data.AUTOTUNE)


def counted(batches):
    """A tf.data set, held in memory, whose number of batches is known."""
    batches = batches.cache()
    count = batches.reduce(np.int64(0), lambda count, _: count + 1)  # this pass fills the cache as well
    return batches.apply(tf.data.experimental.assert_cardinality(count))
