"""Photographs with their metadata, and bases: what is kept of a file, what is converted, what is refused."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from export.bases import decode_base, encode_base
from export.files import read_photograph, write_each
from export.metadata import upright_exif
from export.photographs import Photograph, read, write_photograph
from training.command import CommandError
from training.data.pixels import _png_profile, read_image
from training.metrics.images import psnr

KINDS = ("jpeg", "png", "webp", "avif")
SUFFIXES = (".jpg", ".png", ".webp", ".avif")
P3 = _png_profile(1 / 2.2, (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06), "RGB")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = (
    b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/"%s tiff:Make="Somebody"/></rdf:RDF></x:xmpmeta>'
)
UNDO = dict(zip(range(2, 9), (0, 3, 1, 5, 2, 6, 4), strict=True))  # how Pillow lays an image as an orientation says


def exif_bytes(orientation=None):
    """EXIF from its header on, with tags of each directory."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Somebody", "Camera 1"
    if orientation:
        exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.IFD.Exif] = {ExifTags.Base.ISOSpeedRatings: 200, ExifTags.Base.MakerNote: b"note" * 9}
    exif[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: "N"}
    return exif.tobytes()[6:]


def tags(exif):
    """All tags of EXIF bytes, of the three directories, by number; without where they stand."""
    opened = Image.Exif()
    opened.load(exif)
    found = {tag: value for tag, value in opened.items() if tag not in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)}
    return found | opened.get_ifd(ExifTags.IFD.Exif) | opened.get_ifd(ExifTags.IFD.GPSInfo)


def stored(image, kind="png", **options):
    """A file in memory."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file


@pytest.fixture(scope="module")
def rgb(photographs):
    """A real photograph of 96x80."""
    return photographs[0][64:160, 64:144]


@pytest.fixture(scope="module")
def luma(photographs):
    return np.asarray(Image.fromarray(photographs[1]).convert("L"))


@pytest.fixture(scope="module")
def ramp(rgb):
    """Alpha from clear to opaque."""
    return np.broadcast_to(np.linspace(0, 255, rgb.shape[1]).astype(np.uint8), rgb.shape[:2])


def everything(rgb, alpha=None):
    """A photograph with all that a file can say of it."""
    return Photograph(rgb, alpha, P3, exif_bytes(), XMP % b"")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff"])
def test_photographs_are_turned_once(rgb, kind, orientation):
    lying = Image.fromarray(rgb)
    if orientation > 1:
        lying = lying.transpose(UNDO[orientation])
    options = {"jpeg": {"quality": 95, "subsampling": 0}, "webp": {"lossless": True}}.get(kind, {})
    file = stored(lying, kind, exif=b"Exif\0\0" + exif_bytes(orientation), **options)
    photograph = read(file)
    assert np.array_equal(photograph.rgb, read_image(file)[0])
    assert psnr(photograph.rgb, rgb) > (38 if kind == "jpeg" else 99)
    assert ExifTags.Base.Orientation not in tags(photograph.exif)
    assert tags(photograph.exif).items() >= tags(exif_bytes()).items()
    assert photograph.notes == ()


def test_orientation_of_xmp(rgb):
    """It counts where EXIF has none; either way it does not stay."""
    lying = Image.fromarray(rgb).transpose(UNDO[6])
    xmp = XMP % b' tiff:Orientation="6"'
    for exif in (b"", b"Exif\0\0" + exif_bytes(6)):
        photograph = read(stored(lying, "webp", lossless=True, exif=exif, xmp=xmp))
        assert np.array_equal(photograph.rgb, rgb)
        assert photograph.xmp == XMP % b""
    element = XMP.replace(b"/></rdf:RDF>", b"><tiff:Orientation>6</tiff:Orientation></rdf:Description></rdf:RDF>") % b""
    photograph = read(stored(lying, "webp", lossless=True, xmp=element))
    assert np.array_equal(photograph.rgb, rgb)
    assert b"Orientation" not in photograph.xmp
    avif = read(stored(lying, "avif", quality=100, subsampling="4:4:4", exif=b"Exif\0\0" + exif_bytes(6)))
    assert psnr(avif.rgb, rgb) > 40
    assert ExifTags.Base.Orientation not in tags(avif.exif)
    only = Image.Exif()
    only[ExifTags.Base.Orientation] = 6
    avif = read(stored(lying, "avif", quality=100, subsampling="4:4:4", exif=only))
    assert psnr(avif.rgb, rgb) > 40
    assert avif.exif is None


@pytest.mark.parametrize("order", "<>")
def test_exif_keeps_its_places(order):
    """Only the tag of orientation goes, and a thumbnail that it was to turn."""

    def exif(orientation, thumbnail=40):
        entries = [(271, 2, 4, b"Abc\0"), *([(274, 3, 1, struct.pack(f"{order}H2x", orientation))] * bool(orientation))]
        head = struct.pack(f"{order}2sHIH", b"II" if order == "<" else b"MM", 42, 8, len(entries))
        body = b"".join(struct.pack(f"{order}HHI4s", *entry) for entry in entries)
        return (head + body + struct.pack(f"{order}I", thumbnail)).ljust(40, b"\0") + b"thumbnail"

    assert upright_exif(exif(0)) == exif(0)
    assert upright_exif(exif(1)) == exif(0)
    assert upright_exif(exif(8)) == exif(0, thumbnail=0)
    with pytest.raises(ValueError, match="no EXIF"):
        upright_exif(exif(1).replace(b"*", b"+"))
    for length in (0, 5, 9, 30):
        with pytest.raises((ValueError, struct.error)):
            upright_exif(exif(1)[:length])
    assert upright_exif(struct.pack("<2sHIHHHIII", b"II", 42, 8, 1, 274, 3, 1, 6, 0)) is None


@pytest.mark.parametrize("kind", KINDS)
def test_metadata_stay_where_nothing_is_to_change(rgb, kind):
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", (XMP % b"").decode(), zip=True)
    file = stored(Image.fromarray(rgb), kind, exif=b"Exif\0\0" + exif_bytes(), xmp=XMP % b"", pnginfo=info)
    photograph = read(file)
    assert (photograph.exif, photograph.xmp) == (exif_bytes(), XMP % b"")


def test_exif_as_imagemagick_puts_it_in_png(rgb):
    exif, info = b"Exif\0\0" + exif_bytes(6), PngInfo()
    info.add_text("Raw profile type exif", f"\nexif\n{len(exif):8}\n{exif.hex()}\n")
    photograph = read(stored(Image.fromarray(rgb).transpose(UNDO[6]), pnginfo=info))
    assert np.array_equal(photograph.rgb, rgb)
    assert tags(photograph.exif) == tags(exif_bytes())


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_profiles(rgb, ramp, mode):
    image = Image.fromarray(rgb)
    if mode == "RGBA":
        image.putalpha(Image.fromarray(ramp))
    for icc, profile, notes in (
        (P3, P3, ()),
        (SRGB, None, ()),
        (P3[:200], None, ("without a damaged profile",)),
        (_png_profile(1, None, "GRAY"), None, ("without a profile of other pixels",)),
    ):
        photograph = read(stored(image, icc_profile=icc))
        assert np.array_equal(photograph.rgb, rgb)
        assert (photograph.profile, photograph.notes) == (profile, notes)


def test_alpha(rgb, ramp):
    image = Image.fromarray(rgb)
    assert read(stored(image)).alpha is None
    image.putalpha(255)
    assert read(stored(image)).alpha is None
    image.putalpha(Image.fromarray(ramp))
    photograph = read(stored(image))
    assert np.array_equal(photograph.rgb, rgb)
    assert np.array_equal(photograph.alpha, ramp)
    grey = image.convert("LA")
    photograph = read(stored(grey))
    assert np.array_equal(photograph.rgb, np.asarray(grey.convert("RGB")))
    assert np.array_equal(photograph.alpha, ramp)
    assert photograph.notes == ("converted from grey",)
    clear = tuple(rgb[3, 5].tolist())
    photograph = read(stored(Image.fromarray(rgb), transparency=clear, icc_profile=P3))
    assert np.array_equal(photograph.alpha, np.where((rgb == clear).all(-1), 0, 255))
    assert photograph.profile == P3


def test_what_is_no_8_bit_rgb_becomes_srgb(rgb):
    image = Image.fromarray(rgb)
    palette = image.quantize(16)
    file = stored(palette, transparency=3, icc_profile=P3)
    photograph = read(file)
    assert np.array_equal(photograph.alpha, np.where(np.asarray(palette) == 3, 0, 255))
    assert photograph.profile is None
    assert photograph.notes == ("converted from a palette", "converted from another color space")
    for file, notes in (
        (stored(image.convert("CMYK"), "jpeg", quality=95), ("converted from CMYK",)),
        (stored(image.convert("L"), icc_profile=_png_profile(1, None, "GRAY")), None),
        (stored(Image.fromarray(rgb[..., 1].astype(np.uint16) * 257)), ("converted from 16-bit",)),
        (stored(image.quantize(16)), ("converted from a palette",)),
        (deep_png(rgb), ("16 bits a channel made 8",)),
        (deep_tiff(rgb), ("16 bits a channel made 8",)),
    ):
        photograph = read(file)
        assert np.array_equal(photograph.rgb, read_image(file)[0])
        assert photograph.profile is None
        assert photograph.notes == notes if notes else photograph.notes[0] == "converted from grey"
    assert np.array_equal(read(deep_png(rgb)).rgb, rgb)
    gamma = PngInfo()
    gamma.add(b"gAMA", struct.pack(">I", 100_000))
    photograph = read(stored(image, pnginfo=gamma))
    assert photograph.notes == ("converted from gamma 1",)
    assert photograph.rgb.mean() > rgb.mean() + 20


def deep_png(rgb):
    """A PNG of 16 bits a channel, which Pillow does not write."""
    height, width = rgb.shape[:2]
    rows = (rgb.astype(">u2") * 257).reshape(height, -1)
    packed = zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in rows))
    chunks = [(b"IHDR", struct.pack(">2I5B", width, height, 16, 2, 0, 0, 0)), (b"IDAT", packed), (b"IEND", b"")]
    content = (struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in chunks)
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(content))


def deep_tiff(rgb):
    """A TIFF of 16 bits a channel, which Pillow does not write: width, height, bits, photometric, offset, and so on."""
    height, width = rgb.shape[:2]
    pixels = (rgb.astype("<u2") * 257).tobytes()
    entries = [(256, 1, width), (257, 1, height), (258, 3, 8), (259, 1, 1), (262, 1, 2), (273, 1, 14), (277, 1, 3)]
    entries += [(278, 1, height), (279, 1, len(pixels))]
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", tag, 3 if tag == 258 else 4, n, value) for tag, n, value in entries)
    head = b"II*\0" + struct.pack("<I3H", 14 + len(pixels), 16, 16, 16)
    return io.BytesIO(head + pixels + directory + bytes(4))


def test_several_pictures_are_refused(rgb):
    first, second = Image.fromarray(rgb), Image.fromarray(rgb[::-1])
    for kind in ("gif", "webp", "png", "avif", "tiff"):
        file = stored(first, kind, save_all=True, append_images=[second])
        for reader in (read, read_photograph):
            with pytest.raises(ValueError, match="^2 pictures in one file, .*: save one of them as a file of its own$"):
                reader(file)
    photograph = read(stored(first, "mpo", save_all=True, append_images=[second], quality=95))
    assert psnr(photograph.rgb, rgb) > 30


def test_damaged_files_are_told_in_a_line(rgb, tmp_path):
    for name, content in (("cut.jpg", stored(Image.fromarray(rgb), "jpeg").getvalue()[:900]), ("none.jpg", b"nothing")):
        source = tmp_path / name
        source.write_bytes(content)
        with pytest.raises(CommandError) as found:
            write_each([source], [tmp_path / "out.png"], read, write_photograph)
        assert str(found.value).startswith(f"1 of 1 files were not written: {source} (")
        assert "\n" not in str(found.value)
    exif = b"Exif\0\0" + exif_bytes(6)
    with pytest.warns(UserWarning, match="Truncated"):
        photograph = read(stored(Image.fromarray(rgb), exif=exif[:40]))
    assert (photograph.exif, photograph.notes) == (None, ("without damaged EXIF",))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("damage", [b"MM\0*\0\0\0\x08\0\x02\x01\x12", b"no header", b"II*\0" + bytes(300)])
@pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow, of the same
def test_damaged_exif_leaves_the_picture(rgb, kind, damage):
    """Of whatever kind the file is, and for every reader."""
    if kind == "avif" and damage == b"no header":
        pytest.skip("Pillow does not write it")
    with Image.open(stored(Image.fromarray(rgb), kind, quality=95)) as image:
        expected = np.asarray(image.convert("RGB"))
    exif = damage if kind in ("png", "webp") else b"Exif\0\0" + damage
    file = stored(Image.fromarray(rgb), kind, quality=95, exif=exif)
    assert np.array_equal(read_image(file)[0], expected)
    photograph = read(file)
    assert np.array_equal(photograph.rgb, expected)
    assert not photograph.exif or photograph.exif == damage


def test_profiles_of_millions_of_bytes_are_kept(rgb, tmp_path):
    """Such as those of scanners, with tables; a PNG of one is read again."""
    profile = P3 + np.random.default_rng(0).bytes(2_000_000)
    path = tmp_path / "a.png"
    write_photograph(path, Photograph(rgb, profile=profile))
    assert read(path).profile == profile
    assert "converted from another color space" in read_image(path)[1]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_photographs_are_written_and_read_again(rgb, ramp, suffix, tmp_path):
    path, alpha = tmp_path / f"a{suffix}", None if suffix == ".jpg" else ramp
    photograph = everything(rgb, alpha)
    write_photograph(path, photograph, quality=95)
    again = read(path)
    assert psnr(again.rgb, rgb) > (99 if suffix == ".png" else 30)
    assert (again.profile, again.exif, again.xmp, again.notes) == (P3, photograph.exif, photograph.xmp, ())
    if alpha is None:
        assert again.alpha is None
    else:
        assert np.abs(again.alpha.astype(int) - alpha).max() <= (2 if suffix == ".avif" else 0)
    content = path.read_bytes()
    write_photograph(path, photograph, quality=95)
    assert path.read_bytes() == content


def test_what_no_file_can_hold_is_refused(rgb, luma, ramp, tmp_path):
    with pytest.raises(CommandError, match="JPEG keeps no alpha: choose png, webp or avif"):
        write_photograph(tmp_path / "a.jpg", everything(rgb, ramp))
    with pytest.raises(CommandError, match="JPEG keeps no alpha: choose png, webp or avif"):
        encode_base(rgb[..., 1], "jpeg", alpha=ramp)
    for metadata in ({"exif": exif_bytes() + bytes(65_500)}, {"xmp": bytes(65_501)}):
        with pytest.raises(CommandError, match="JPEG keeps no EXIF or XMP of over 65,500 bytes: choose png, webp or"):
            encode_base(luma, "jpeg", **metadata)
    encode_base(luma, "jpeg", exif=(exif_bytes() + bytes(65_500))[:65_500], xmp=bytes(65_500))
    with pytest.raises(CommandError, match="a.bmp is of no kind that is written: choose a name in .jpg, "):
        write_photograph(tmp_path / "a.bmp", everything(rgb))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("kind", "bound"), [("jpeg", 38), ("png", 100), ("webp", 41), ("avif", 44)])
def test_bases(luma, kind, bound):
    exif, xmp = exif_bytes(), XMP % b""
    data = encode_base(luma, kind, 90, exif=exif, xmp=xmp)
    assert encode_base(luma, kind, 90, exif=exif, xmp=xmp) == data
    decoded, *others = decode_base(data)
    assert decoded.dtype == np.uint8
    assert psnr(decoded, luma) >= bound
    assert others == [None, exif, xmp]
    assert decode_base(encode_base(luma, kind, 90))[1:] == (None, None, None)
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == ("RGB" if kind == "webp" else "L")
        assert "icc_profile" not in image.info
        assert np.ptp(np.asarray(image.convert("RGB")).astype(int), axis=-1).max() <= 1


@pytest.mark.parametrize(("kind", "bound"), [("png", 0), ("webp", 0), ("avif", 3)])
def test_alpha_of_bases(rgb, ramp, kind, bound):
    data = encode_base(rgb[..., 1], kind, 90, alpha=ramp)
    assert encode_base(rgb[..., 1], kind, 90, alpha=ramp) == data
    decoded, alpha, *_ = decode_base(data)
    assert np.abs(alpha.astype(int) - ramp).max() <= bound
    seen = ramp > 0  # WebP does not keep what lies below clear alpha
    assert psnr(decoded[seen], rgb[..., 1][seen]) > (99 if kind == "png" else 38)


def test_a_base_that_was_turned_stays_as_it_is_stored(luma):
    """A viewer that turns the base by its EXIF turns the photograph by the same."""
    decoded, _, exif, _ = decode_base(encode_base(luma, "png", exif=exif_bytes(6)))
    assert np.array_equal(decoded, luma)
    assert tags(exif)[ExifTags.Base.Orientation] == 6


@pytest.mark.parametrize(("kind", "side"), [("jpeg", 65_501), ("webp", 16_384)])
def test_sides_that_are_too_long(kind, side):
    with pytest.raises(CommandError, match="choose png"):
        encode_base(np.zeros((1, side), np.uint8), kind)
