"""Photographs as tf.data: crops of uint8 sRGB, from TFDS, from a folder, or from the samples in this package.

The data set knows nothing of the task. Every image is opened by `training.data.pixels`, so that all sources treat the
odd ones alike: whatever its color space and its numbers are, it becomes 8-bit sRGB; what cannot be read or is smaller
than the crop is skipped. Both are counted, and what is no photograph in a folder.
"""

import functools
import hashlib
import io
import os
import socket
import threading
import urllib.request
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import tensorflow as tf

from training.command import CommandError
from training.data.folders import Listing
from training.data.pixels import read_image
from training.data.splits import SPLITS, share_held_out, split_flat

SAMPLES = Path(__file__).parent / "samples"
CACHE_BYTES = 6 << 30  # crops beyond this are decoded again every epoch


def open_dataset(spec, test_images=(), seed=0, data_dir=None):
    """The photographs that `spec` names.

    Args:
        spec: `samples`, `folder:PATH` or the name of a TFDS data set with an `image` feature.
            A folder holds train/, validation/ (or val/) and test/, in any case, each with images at any depth, below
            a folder for each class if there are classes; or, flat, only images: then a seeded tenth each is held out
            for validation and for test. Without a validation split a seeded fifth of the training images is held out.
        test_images: positions that make the test split where validation must be shared between the two;
            if there are none, or the split is too small for them, a seeded tenth of it does.
        seed: of all random choices.
        data_dir: where TFDS finds its data; None for its default, `TFDS_DATA_DIR`.

    Raises:
        CommandError: no such data set or folder, or nothing in it.
    """
    if spec == "samples":
        return FolderPhotographs(spec, SAMPLES, test_images, seed)
    if spec.startswith("folder:"):
        return FolderPhotographs(spec, Path(spec.removeprefix("folder:")).expanduser(), test_images, seed)
    return TfdsPhotographs(spec, test_images, seed, data_dir)


class Photographs:
    """Photographs in the splits `train`, `validation`, `test`, with an account of what was read.

    Attributes:
        spec: what the user typed.
        seen: for each split read so far, a digest of each image's pixels: what a run records, so that a later
            evaluation can refuse to score a model on what it was trained on. The same pixels in another
            container have the same digest; a resized copy has not.
        left_out: digests of images that are skipped, since they are known from training.
        tally: how many images were converted and skipped, and why.
        passed_over: what lies between the images and is none, in words.
    """

    def __init__(self, spec, seed):
        self.spec = spec
        self.seed = seed
        self.seen = defaultdict(dict)
        self.left_out = frozenset()
        self.tally = Counter()
        self.passed_over = ""
        self._skipped = {}
        self._lock = threading.Lock()  # images are decoded in parallel

    def count(self, split):
        """Number of images listed in `split`, before any is skipped."""
        return len(self._items(split))

    def crops(self, split, size, position="center", limit=None):
        """A tf.data.Dataset of (name, uint8 crop `(size, size, 3)`), in a fixed order, decoded in parallel.

        Args:
            split: `train`, `validation`, `test` or `all`.
            size: side of the crop in pixels; 0 for the whole image, of whatever size.
            position: `center`, or `random`: anywhere, drawn once from the seed and the image's place.
            limit: number of images at most.

        Raises:
            CommandError: no image is left.
        """
        cut, side = functools.partial(self._crop, split, size, position), size or None

        def load(index, image):
            return image[0], tf.numpy_function(cut, [index, *image], tf.uint8)

        stream = self._stream(self._items(split)[: limit or None])
        crops = stream.enumerate().map(load, num_parallel_calls=tf.data.AUTOTUNE)
        crops = crops.filter(lambda _, crop: tf.size(crop) > 0)
        crops = crops.map(lambda name, crop: (name, tf.ensure_shape(crop, (side, side, 3))))
        if next(iter(crops.take(1)), None) is None:
            raise CommandError(
                f"no usable image of at least {size}x{size} in the {split} split of {self.spec} ({self.account()})"
                ": choose a smaller --size or another --dataset"
            )
        return crops

    def images(self, split):
        """Every image of `split`, whole, uint8 `(H, W, 3)`, one after the other in a fixed order."""
        for name, source in self._stream(self._items(split)).as_numpy_iterator():
            rgb = self._load(split, name.decode(), source)
            if rgb is not None:
                yield rgb

    def labelled(self, split, size, limit=None):
        """All crops of `split` in memory, uint8 `(N, size, size, 3)`, and the number of each one's class, `(N,)`.

        CommandError where the data has no classes.
        """
        labels = self._labels(split)
        names, crops = zip(*self.crops(split, size, limit=limit).as_numpy_iterator(), strict=True)
        return np.stack(crops), np.array([labels[name.decode()] for name in names])

    def unlabelled(self, split, size, limit=None):
        """All crops of `split` in memory, uint8 `(N, size, size, 3)`."""
        return np.stack([crop for _, crop in self.crops(split, size, limit=limit).as_numpy_iterator()])

    def cached(self, split, size, position="center"):
        """A tf.data.Dataset of crops, uint8 `(size, size, 3)`, in memory if they fit, of known cardinality."""
        crops = self.crops(split, size, position).map(lambda _, crop: crop)
        if self.count(split) * size * size * 3 <= CACHE_BYTES:
            crops = crops.cache()
        # One pass fills the cache, and finds every image that must be skipped before anything is trained.
        usable = int(crops.reduce(np.int64(0), lambda count, _: count + 1))
        return crops.apply(tf.data.experimental.assert_cardinality(usable))

    def account(self):
        """What happened to the images read so far, in one line."""
        line = ", ".join(f"{count} {what}" for what, count in sorted(self.tally.items()) if count) or "none read"
        line += f", passed over: {self.passed_over}" if self.passed_over else ""
        name, why = next(iter(self._skipped.items()), (None, None))
        return f"{line}; first skipped: {name} ({why})" if name else line

    def _items(self, split):
        """What each image of a split is opened from, in a fixed order."""
        if split == "all":
            return sorted(item for part in SPLITS for item in self.splits[part])
        return self.splits[split]

    def _crop(self, split, size, position, index, name, source):
        rgb = self._load(split, name.decode(), source, size)
        if rgb is None:
            return np.zeros((0, 0, 3), np.uint8)
        if not size:
            return rgb
        height, width = rgb.shape[:2]
        top, left = (height - size) // 2, (width - size) // 2
        if position == "random":
            random = np.random.default_rng([self.seed, index])
            top, left = random.integers(height - size + 1), random.integers(width - size + 1)
        return rgb[top : top + size, left : left + size]

    def _load(self, split, name, source, least_side=1):
        """The pixels of one image, entered in the account; None for one that is skipped."""
        try:
            rgb, remarks = read_image(self._open(source))
        except Exception as error:  # whatever a damaged file makes Pillow raise: OSError, SyntaxError, struct.error ...
            return self._skip(name, "unreadable", " ".join(str(error).split()) or type(error).__name__)
        if min(rgb.shape[:2]) < least_side:
            return self._skip(name, "too small", f"{rgb.shape[1]}x{rgb.shape[0]}")
        digest = hashlib.blake2b(rgb.tobytes(), digest_size=8).hexdigest()
        if digest in self.left_out:
            return self._skip(name, "known from training", "its pixels are the same")
        with self._lock:
            if name not in self.seen[split]:
                self.seen[split][name] = digest
                self.tally.update(["used", *remarks])
        return rgb

    def _skip(self, name, why, detail):
        with self._lock:
            if name not in self._skipped:
                self._skipped[name] = detail
                self.tally[f"skipped as {why}"] += 1


class FolderPhotographs(Photographs):
    """The images of a folder; see `open_dataset`."""

    def __init__(self, spec, root, test_images, seed):
        super().__init__(spec, seed)
        if not root.is_dir():
            raise CommandError(f"no folder {root}: --dataset folder:PATH needs a folder of photographs")
        self.root = root
        listing = Listing(root)
        self.flat, self.splits = listing.flat, listing.splits
        self.passed_over = listing.account() if root != SAMPLES else ""  # which lie beside their licence
        if not any(self.splits.values()):
            passed_over = f" (passed over: {self.passed_over})" if self.passed_over else ""
            raise CommandError(f"no photograph in {root}{passed_over}: put in JPEG, PNG, WebP, AVIF, TIFF or BMP files")
        if self.flat:
            self.splits = split_flat(self.splits["train"], seed)
        else:
            share_held_out(self.splits, test_images, seed)
        # Folders are sorted by label, and the shuffle of each epoch has a limited buffer.
        order = np.random.default_rng(seed).permutation(len(self.splits["train"]))
        self.splits["train"] = [self.splits["train"][i] for i in order]

    def _stream(self, items):
        names = tf.constant([self._name(path) for path in items], tf.string)
        paths = tf.constant([os.fsencode(path) for path in items], tf.string)
        return tf.data.Dataset.from_tensor_slices((names, paths))

    def _name(self, path):
        """What a photograph is called: text, also where the name of its file is none."""
        return path.relative_to(self.root).as_posix().encode(errors="backslashreplace").decode()

    def _open(self, source):
        return os.fsdecode(source)

    def _labels(self, split):
        """Class numbers by name: one number in all splits, in the order of the names of the classes."""
        numbers = {name: number for number, name in enumerate(self.classes(split))}
        return {self._name(path): numbers[self._class(path)] for path in self._items(split)}

    def classes(self, split):
        """Names of the classes of the whole data set, in the order of their numbers.

        CommandError if not every photograph of `split` has one.
        """
        stray = next((path for path in self._items(split) if self._class(path) is None), None)
        if stray or not self._items(split):
            example = f", not like {self._name(stray)}" if stray else ""
            raise CommandError(f"{self.root} has no classes: {split}/ must hold a folder for each{example}")
        return sorted({self._class(path) for path in self._items("all")} - {None})

    def _class(self, path):
        """The first folder below that of the split; None if there is none."""
        parts = path.relative_to(self.root).parts
        return None if self.flat or len(parts) < 3 else parts[1]


class TfdsPhotographs(Photographs):
    """The images of a TFDS data set, in their stored order; see `open_dataset`."""

    flat = False

    def __init__(self, spec, test_images, seed, data_dir):
        super().__init__(spec, seed)
        import tensorflow_datasets as tfds

        remedy = "use --dataset samples or --dataset folder:PATH, or point TFDS_DATA_DIR at prepared data"
        try:
            builder = tfds.builder(spec, data_dir=data_dir)
        except Exception as error:
            reason = str(error).strip().split("\n")[0]
            raise CommandError(f"TFDS knows no data set {spec!r} ({reason}): see its catalogue, or {remedy}") from None
        if "image" not in builder.info.features:
            raise CommandError(f"the TFDS data set {spec!r} has no `image` feature: choose a data set of images")
        try:
            if not builder.is_prepared():
                _require_network()
                builder.download_and_prepare()
        except Exception as error:
            reason = str(error).strip().split("\n")[0]
            raise CommandError(f"cannot download the TFDS data set {spec!r} ({reason}): {remedy}") from None
        self._builder = builder
        self._encoded = {"image": tfds.decode.SkipDecoding()}
        sizes = {split: info.num_examples for split, info in builder.info.splits.items()}
        self.splits = {split: [(split, i) for i in range(sizes.get(split, 0))] for split in SPLITS}
        share_held_out(self.splits, test_images, seed)

    def _stream(self, items):
        nothing = tf.data.Dataset.from_tensor_slices((tf.constant([], tf.string),) * 2)
        stored = {split: [i for s, i in items if s == split] for split in SPLITS}
        parts = [self._stored(split, positions) for split, positions in stored.items() if positions]
        return functools.reduce(tf.data.Dataset.concatenate, parts, nothing)

    def _stored(self, split, positions):
        """The (name, encoded image) at some positions of a stored split."""
        wanted = tf.constant(np.isin(np.arange(max(positions) + 1), positions))
        rows = self._builder.as_dataset(split=split, decoders=self._encoded, shuffle_files=False)
        rows = rows.take(len(wanted)).enumerate().filter(lambda i, _: wanted[i])
        return rows.map(lambda i, row: (tf.strings.join([split, tf.strings.as_string(i)], "/"), row["image"]))

    def _open(self, source):
        return io.BytesIO(source)

    def _labels(self, split):
        """Class numbers by name."""
        self.classes(split)
        labels = {}
        for stored in {stored for stored, _ in self._items(split)}:
            rows = self._builder.as_dataset(split=stored, decoders=self._encoded, shuffle_files=False)
            numbers = enumerate(rows.map(lambda row: row["label"]).as_numpy_iterator())
            labels |= {f"{stored}/{i}": int(label) for i, label in numbers}
        return labels

    def classes(self, _):
        """Names of the classes, in the order of their numbers. CommandError if there are none."""
        if "label" not in self._builder.info.features:
            raise CommandError(f"the TFDS data set {self.spec!r} has no `label` feature: choose one with classes")
        return self._builder.info.features["label"].names


def _require_network():
    """OSError when no host name can be looked up: TFDS itself would retry for minutes."""
    if not urllib.request.getproxies():
        socket.getaddrinfo("storage.googleapis.com", 443)  # the host of TFDS's own bucket
