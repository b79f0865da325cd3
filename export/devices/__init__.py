"""What a device runs, made from a codec, by its family: a decoder, a colorizer, both halves of an auto-encoder."""

from export.devices import autoencoder, colorizer, grid

DEVICES = {"grid": grid.devices, "colorizer": colorizer.devices, "autoencoder": autoencoder.devices}
