"""Real bytes for the latent of an auto-encoder that was not made for any: uniform quantiser, counted tables."""

import constriction
import numpy as np


class LatentCounts:
    """A uniform quantiser of so many bits, and a range coder with one table a channel.

    Args:
        latents: `(N, h, w, C)`, from which the range of each channel and how often each of its steps occurs are taken.
        bits: of the quantiser.
    """

    def __init__(self, latents, bits):
        flat = latents.reshape(-1, latents.shape[-1])
        self.low, high = flat.min(0), flat.max(0)
        self.step = np.maximum(high - self.low, 1e-6) / (2**bits - 1)
        self.most = 2**bits - 1
        counts = (np.bincount(channel, minlength=self.most + 1) + 1.0 for channel in self._symbols(flat).T)
        self.models = [constriction.stream.model.Categorical(count, perfect=False) for count in counts]

    def encode(self, latent):
        """The bytes of one latent `(h, w, C)`."""
        coder = constriction.stream.queue.RangeEncoder()
        for symbols, model in zip(self._symbols(latent.reshape(-1, len(self.low))).T, self.models, strict=True):
            coder.encode(np.ascontiguousarray(symbols, np.int32), model)
        return coder.get_compressed().astype("<u4").tobytes()

    def decode(self, data, shape):
        """The quantised latent `(*shape, C)` of bytes."""
        coder = constriction.stream.queue.RangeDecoder(np.frombuffer(data, "<u4"))
        symbols = np.stack([coder.decode(model, int(np.prod(shape))) for model in self.models], -1)
        return (self.low + symbols * self.step).reshape(*shape, -1).astype(np.float32)

    def _symbols(self, flat):
        return ((flat - self.low) / self.step).round().clip(0, self.most).astype(int)
