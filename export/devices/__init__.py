"""What a device runs, made from a codec, by its family: a decoder, a colorizer, both halves of an auto-encoder."""

from export.devices import autoencoder, colorizer, grid
from training.command import CommandError

DEVICES = {"grid": grid.devices, "colorizer": colorizer.devices, "autoencoder": autoencoder.devices}


def device_models(run, arguments):
    """What leaves of a run, by the arguments of `python -m export`. CommandError for a run of another family."""
    if run.codec.family not in DEVICES:
        raise CommandError(f"{run.path} is a {run.codec.family}, which no device needs: choose another run")
    return DEVICES[run.codec.family](run, arguments)
