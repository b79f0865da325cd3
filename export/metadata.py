"""What a file says of its photograph beside the pixels: EXIF, from its TIFF header on, and XMP, both as bytes."""

import re
import struct

from PIL import ExifTags, Image

from training.data.pixels import DAMAGED_EXIF

PREFIX = rb"^(Exif\0\0)+"  # of EXIF in JPEG, and in what some programs write
XMP_ORIENTATION = rb'\s*tiff:Orientation="[0-9]"|<tiff:Orientation>[0-9]</tiff:Orientation>'  # as Pillow looks for it
# The tags of a TIFF that tell of the photograph; the others tell how its pixels are stored there.
DESCRIPTIVE = (
    *("ImageDescription", "Make", "Model", "XResolution", "YResolution", "ResolutionUnit", "Software", "DateTime"),
    *("Artist", "HostComputer", "Rating", "Copyright"),
)


def exif_and_xmp(image):
    """EXIF and XMP of a Pillow image that is loaded, as they stand in its file; None for what is not there.

    The EXIF of a TIFF is made anew, of those of its tags that tell of the photograph.
    """
    exif, xmp = image.info.get("exif"), image.info.get("xmp")
    exif = re.sub(PREFIX, b"", exif or _gathered(image))
    return exif or None, xmp if isinstance(xmp, bytes) and xmp else None


def _gathered(image):
    """EXIF of what Pillow found in a TIFF, or in a PNG that ImageMagick wrote; empty if that is nothing, or damaged."""
    try:
        tags = image.getexif()
    except DAMAGED_EXIF:
        return b""
    exif = Image.Exif()
    exif.update({tag: tags[tag] for tag in (ExifTags.Base[name] for name in DESCRIPTIVE) if tag in tags})
    exif.update({tag: found for tag in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo) if (found := tags.get_ifd(tag))})
    return exif.tobytes() if exif else b""


def upright_exif(exif):
    """EXIF without a tag of orientation; None if nothing is left of it.

    All else stays where it is, since makers' notes count bytes from the start. Only a thumbnail that lies as the
    photograph did is left out, by the pointer to it: nothing would turn it any more.

    Raises:
        ValueError, struct.error: it is no EXIF, or is cut off.
    """
    if not exif.startswith((b"II*\0", b"MM\0*")):
        raise ValueError("no EXIF")
    order = "<" if exif.startswith(b"II") else ">"
    (start,) = struct.unpack_from(f"{order}I", exif, 4)
    (count,) = struct.unpack_from(f"{order}H", exif, start)
    end = start + 2 + 12 * count
    if end > len(exif):
        raise ValueError("EXIF is cut off")
    tag, upright = (struct.pack(f"{order}H", value) for value in (ExifTags.Base.Orientation, 1))
    entries = [exif[place : place + 12] for place in range(start + 2, end, 12)]
    kept = [entry for entry in entries if not entry.startswith(tag)]
    if len(kept) == count:
        return exif
    if not kept:
        return None
    is_turned = any(entry.startswith(tag) and entry[8:10] != upright for entry in entries)
    thumbnail = bytes(4) if is_turned else exif[end : end + 4]  # a pointer
    directory = struct.pack(f"{order}H", len(kept)) + b"".join(kept) + thumbnail
    return exif[:start] + directory.ljust(end + 4 - start, b"\0") + exif[end + 4 :]


def upright_xmp(xmp):
    """XMP without an orientation."""
    return re.sub(XMP_ORIENTATION, b"", xmp)
