"""Where images come from: files and data sets in, batches of uint8 sRGB out."""
