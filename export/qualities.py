"""The qualities of image encoders, 1 to 95, and where among them something stops to hold."""

LEAST, MOST = 1, 95


def turn(make, holds):
    """What `make(quality)` gives at the highest quality for which `holds(made)`, and at the lowest where it does not.

    It must hold up to some quality and not beyond. None where there is no such quality.
    """
    low, high, last, first = LEAST, MOST, None, None
    while low <= high:
        quality = (low + high) // 2
        made = make(quality)
        if holds(made):
            last, low = made, quality + 1
        else:
            first, high = made, quality - 1
    return last, first
