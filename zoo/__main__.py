"""Lists the models of the zoo: `python -m zoo`."""

import sys

from zoo.registry import MODELS, macs

LINE = "{:<23} {:>12} {:>7} {:>10}  {:<14} {}"


def main():
    """Prints a line for each model."""
    print(LINE.format("model", "parameters", "GMAC", "at", "inputs", "source"))
    for name, entry in MODELS.items():
        model = entry.build(input_size=entry.input_size)
        size = "x".join(map(str, entry.input_size))
        gmacs = f"{macs(model) / 1e9:.3g}"
        print(LINE.format(name, f"{model.count_params():,}", gmacs, size, ", ".join(model.input), entry.source))
    return 0


if __name__ == "__main__":
    sys.exit(main())
