"""Photographs from every source, and every odd image a folder may hold."""

import numpy as np
import pytest
from PIL import Image

from training.command import CommandError
from training.data.batches import in_epochs
from training.data.sources import SAMPLES, open_dataset


def crops(photographs, split, size, **options):
    return {name.decode(): rgb for name, rgb in photographs.crops(split, size, **options).as_numpy_iterator()}


@pytest.fixture
def folder(tmp_path, photographs):
    """A flat folder of ten good photographs."""
    for i in range(10):
        Image.fromarray(np.roll(photographs[0], i, axis=1)).save(tmp_path / f"{i}.png")
    return tmp_path


def test_samples_are_32_of_256():
    images = crops(open_dataset("samples"), "all", 256)
    assert len(images) == 32
    name, rgb = next(iter(images.items()))
    with Image.open(SAMPLES / name) as stored:
        assert np.array_equal(rgb, np.asarray(stored.convert("RGB")))


def test_flat_folder_is_split_by_seed(folder):
    splits = open_dataset(f"folder:{folder}", seed=1).splits
    assert {name: len(items) for name, items in splits.items()} == {"train": 8, "validation": 1, "test": 1}
    assert sorted(sum(splits.values(), [])) == sorted(folder.iterdir())
    assert splits == open_dataset(f"folder:{folder}", seed=1).splits
    assert splits != open_dataset(f"folder:{folder}", seed=2).splits


def test_folder_with_splits_shares_validation_with_test(folder):
    for split, names in (("train", "012345"), ("val", "6789")):
        (folder / split / "label").mkdir(parents=True)
        for name in names:
            (folder / f"{name}.png").rename(folder / split / "label" / f"{name}.png")
    splits = open_dataset(f"folder:{folder}", test_images=(1, 3)).splits
    assert {split: sorted(path.stem for path in paths) for split, paths in splits.items()} == {
        "train": list("012345"),
        "validation": ["6", "8"],
        "test": ["7", "9"],
    }
    too_many = open_dataset(f"folder:{folder}", test_images=(1, 3924)).splits
    assert len(too_many["test"]) == 1


def test_odd_images_are_converted_or_skipped_and_counted(tmp_path, photographs):
    rgb = Image.fromarray(photographs[0])
    rgb.save(tmp_path / "good.jpg", quality=95)
    rgb.convert("L").save(tmp_path / "grey.png")
    rgb.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    Image.fromarray(np.asarray(rgb.convert("L"), np.uint16) * 257).save(tmp_path / "deep.png")
    alpha = rgb.convert("RGBA")
    alpha.putalpha(Image.new("L", rgb.size, 0))
    alpha.save(tmp_path / "alpha.png")
    rgb.quantize(64).save(tmp_path / "palette.png")
    Image.new("RGB", (1, 1)).save(tmp_path / "1x1.png")
    (tmp_path / "truncated.jpg").write_bytes((tmp_path / "good.jpg").read_bytes()[:2000])
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "empty.webp").touch()
    turned = Image.Exif()
    turned[0x0112] = 6  # rotate by 90 degrees to display
    rgb.crop((0, 0, 256, 200)).save(tmp_path / "upright.jpg", exif=turned)

    data = open_dataset(f"folder:{tmp_path}")
    images = crops(data, "all", 128)
    assert set(images) == {f"{name}.png" for name in ("grey", "deep", "alpha", "palette")} | {
        "good.jpg",
        "cmyk.jpg",
        "upright.jpg",
    }
    assert dict(+data.tally) == {
        "used": 7,
        "converted from grey": 1,
        "converted from CMYK": 1,
        "converted from 16-bit": 1,
        "converted from alpha": 1,
        "skipped as unreadable": 3,
        "skipped as too small": 1,
    }
    center = photographs[0][64:192, 64:192].astype(int)
    grey = np.asarray(rgb.convert("L"))[64:192, 64:192, None]
    assert np.abs(images["good.jpg"] - center).mean() < 5
    assert np.abs(images["cmyk.jpg"] - center).mean() < 5
    assert np.array_equal(images["grey.png"], np.repeat(grey, 3, -1))
    assert np.array_equal(images["deep.png"], np.repeat(grey, 3, -1))
    assert (images["alpha.png"] == 255).all()
    expected = np.rot90(photographs[0][:200], -1)[64:192, 36:164].astype(int)
    assert np.abs(images["upright.jpg"] - expected).mean() < 5


def test_random_crops_come_from_the_image_and_stay_the_same(folder, photographs):
    first, second = (crops(open_dataset(f"folder:{folder}"), "train", 32, position="random") for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    name, crop = next(iter(first.items()))
    with Image.open(folder / name) as image:
        windows = np.lib.stride_tricks.sliding_window_view(np.asarray(image), (32, 32, 3))
    assert (windows == crop).all((-1, -2, -3)).any()
    assert not np.array_equal(crop, crops(open_dataset(f"folder:{folder}"), "train", 32)[name])


def test_epochs_have_an_order_of_their_own(folder):
    """All images in each epoch, in another order; the same orders each time, and for a run that is resumed."""
    data = open_dataset(f"folder:{folder}")
    images = data.cached("train", 32, "random")
    batches, steps = in_epochs(images, 3, seed=0)
    assert steps == 3
    first, second = (np.concatenate(list(batches.skip(epoch * 3).take(3).as_numpy_iterator())) for epoch in (0, 1))
    assert first.shape == (8, 32, 32, 3)
    assert first.dtype == np.uint8
    assert not np.array_equal(first, second)
    assert {crop.tobytes() for crop in first} == {crop.tobytes() for crop in second}
    resumed, _ = in_epochs(images, 3, seed=0, first=1)
    assert np.array_equal(np.concatenate(list(resumed.take(3).as_numpy_iterator())), second)
    other, _ = in_epochs(images, 3, seed=1)
    assert not np.array_equal(np.concatenate(list(other.take(3).as_numpy_iterator())), first)
    assert data.tally["used"] == 8


def test_digests_tell_the_same_pixels_in_another_container(tmp_path, photographs):
    found = []
    for suffix in ("png", "webp"):
        (tmp_path / suffix).mkdir()
        Image.fromarray(photographs[0]).save(tmp_path / suffix / f"image.{suffix}", lossless=True)
        data = open_dataset(f"folder:{tmp_path / suffix}")
        crops(data, "all", 64)
        found.append(sorted(data.seen["all"].values()))
    assert found[0] == found[1] != []


def test_tfds(tfds_directory):
    data = open_dataset("imagenette/320px-v2", test_images=(1, 3), data_dir=tfds_directory)
    assert {split: data.count(split) for split in data.splits} == {"train": 4, "validation": 2, "test": 2}
    assert list(crops(data, "test", 320)) == ["validation/1", "validation/3"]
    assert len(crops(data, "all", 320)) == 8


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("no_such_data_set", "TFDS knows no data set 'no_such_data_set'"),
        ("folder:/no/such/folder", "no folder /no/such/folder"),
        ("mnist/no_such_config", "TFDS knows no data set 'mnist/no_such_config'"),
    ],
)
def test_unknown_data(spec, message):
    with pytest.raises(CommandError, match=message):
        open_dataset(spec)


def test_no_network_and_no_data(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", fail)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    with pytest.raises(CommandError, match=r"cannot download .* use --dataset samples or --dataset folder:PATH"):
        open_dataset("imagenette/320px-v2", data_dir=tmp_path)


def test_empty_folder_and_nothing_left(tmp_path, photographs):
    with pytest.raises(CommandError, match=r"no photograph in .*: put in JPEG, PNG, WebP, AVIF, TIFF or BMP files"):
        open_dataset(f"folder:{tmp_path}")
    Image.fromarray(photographs[0]).save(tmp_path / "a.png")
    with pytest.raises(CommandError, match=r"at least 512x512 .*1 skipped as too small; first skipped: a.png \(256x"):
        crops(open_dataset(f"folder:{tmp_path}"), "all", 512)
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:300])
    with pytest.raises(CommandError, match=r"1 skipped as unreadable; first skipped: a.png \(.*truncated"):
        crops(open_dataset(f"folder:{tmp_path}"), "all", 64)
