"""A page that decodes, encodes and paints colour-grid files in the browser: `python -m export.web`."""

LISTING = "colour-grid-site.json"  # what a site holds; the mark of a folder that the command wrote
