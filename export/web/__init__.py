"""A page that decodes, encodes and paints colour-grid files in the browser: `python -m export.web`."""
