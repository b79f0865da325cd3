"""What a caller can mend."""


class ZooError(ValueError):
    """An input that cannot be used. The message names it and the remedy, in one line."""
