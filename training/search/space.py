"""What `training.tune` searches: `n=6,15,20`, `n=6..100` or, for what the recipe has of it, `n`."""

from dataclasses import dataclass

from training.command import CommandError

NOTHING = "none"  # as which a choice has None


@dataclass(frozen=True)
class Range:
    """All numbers from `low` to `high`, both included; fractions by their logarithm."""

    low: int | float
    high: int | float


def search_space(texts, usual):
    """Tuples of choices, or a `Range`, by name.

    Args:
        texts: `name`, `name=value,value,...` or `name=low..high` each; none for the first name of `usual`.
        usual: the choices that are usual, by name: all names that can be searched.

    Raises:
        CommandError: another name, values of another type, or no values.
    """
    if not usual:
        raise CommandError("nothing to search here: see SEARCH and SEARCH_TRAINED of the recipe")
    space = {}
    for text in texts or [next(iter(usual))]:
        name, _, values = text.partition("=")
        if name not in usual:
            raise CommandError(f"--search {name} is not one of {', '.join(usual)}")
        space[name] = _values(name, values, usual[name]) if values else usual[name]
    return space


def hyperparameters(space):
    """`keras_tuner.HyperParameters` of a search space."""
    import keras_tuner

    found = keras_tuner.HyperParameters()
    for name, values in space.items():
        if not isinstance(values, Range):
            found.Choice(name, [NOTHING if value is None else value for value in values])
        elif isinstance(values.low, int):
            found.Int(name, values.low, values.high)
        else:
            found.Float(name, values.low, values.high, sampling="log")
    return found


def chosen(values):
    """Settings of the values of a trial, without KerasTuner's own."""
    own = {name: value for name, value in values.items() if not name.startswith("tuner/")}
    return {name: None if value == NOTHING else value for name, value in own.items()}


def _values(name, text, usual):
    kinds = {type(value) for value in usual}
    low, is_range, high = text.partition("..")
    try:
        if is_range:
            ends = [_parsed(end, kinds & {int, float}) for end in (low, high)]
            if ends[0] < ends[1]:
                return Range(*ends)
        else:
            return tuple(_parsed(part, kinds) for part in text.split(","))
    except ValueError:
        pass
    raise CommandError(f"--search {name}={text} must be like {name}={','.join(map(str, usual))}")


def _parsed(text, kinds):
    if type(None) in kinds and text == NOTHING:
        return None
    if bool in kinds and text in ("True", "False"):
        return text == "True"
    for kind in (int, float, str):
        if kind in kinds:
            return kind(text)
    raise ValueError(text)
