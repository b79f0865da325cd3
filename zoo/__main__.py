"""Lists the models of the zoo, `python -m zoo`, or prints the card of weights, `python -m zoo crayon_edge`."""

import json
import sys

from zoo import weights
from zoo.registry import MODELS, macs

LINE = "{:<23} {:>12} {:>7} {:>10}  {:<14} {}"


def main(argv):
    """Prints a line for each model, or the cards of the weights that are named."""
    if argv:
        return _print_cards(argv)
    print(LINE.format("model", "parameters", "GMAC", "at", "inputs", "source"))
    for name, entry in MODELS.items():
        model = entry.build(input_size=entry.input_size)
        size = "x".join(map(str, entry.input_size))
        gmacs = f"{macs(model) / 1e9:.3g}"
        print(LINE.format(name, f"{model.count_params():,}", gmacs, size, ", ".join(model.input), entry.source))
    return 0


def _print_cards(names):
    for name in names:
        if weights.find(name) is None:
            print(f"error: {name} is none of the weights of the zoo: {', '.join(weights.names())}", file=sys.stderr)
            return 2
        print(json.dumps(weights.card(weights.find(name)), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
