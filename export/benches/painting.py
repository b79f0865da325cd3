"""How long a stroke of paint takes in the page: from its being asked for to the picture."""

import json

import numpy as np
from PIL import Image

from export.benches.browser import have, prepared

STROKES = 30


def measured(photographs, arguments):
    """See `export.benches`: milliseconds of strokes of one cell, on each photograph without its colours."""
    rows = []
    with prepared(arguments.decoder) as folders:
        for name, rgb in photographs:
            Image.fromarray(rgb).save(folders["given"] / "photo.png")
            (folders["given"] / "jobs.json").write_text(json.dumps({"strokes": STROKES}))
            have("painting.mjs", folders)
            strokes = json.loads((folders["made"] / "strokes.json").read_text())
            metrics = {"median_ms": float(np.median(strokes)), "most_ms": max(strokes), "strokes": len(strokes)}
            size = f"{rgb.shape[1]}x{rgb.shape[0]}"
            rows.append({"name": "a stroke", "image": name, "size": size, "metrics": metrics})
    return rows, [], ()
