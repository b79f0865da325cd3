"""What the docstrings of builders say: the figures of their cards, and examples that run.

Figures stand in a table below a line ``Weights `NAME`, of results/FILE``: a label and a value in each row, or labels of
columns as well.
"""

import re
from inspect import getdoc
from textwrap import dedent

import numpy as np
import pytest

import zoo
from zoo.registry import MODELS
from zoo.weights import card, names

_TABLE = r"Weights `{}`, of results/(\S+):\n\n((?: {{4}}.+\n?)+)"
_EXAMPLE = r"Example:\n\n?((?: {4}.*\n?|\n)+)"


def of_the_card(metrics, row, column):
    """A figure of a card, by its labels."""
    if column is None:
        return metrics[row]
    return metrics[row][column] if row in metrics else metrics[column][row]


@pytest.mark.parametrize("weights", names())
def test_tables_are_those_of_the_cards(weights):
    described = card(weights)
    file, table = re.search(_TABLE.format(weights), getdoc(MODELS[described["model"]].build)).groups()
    assert file == described["metrics"]["file"]
    rows = [re.split(r" {2,}", line.strip()) for line in table.splitlines()]
    columns = rows.pop(0)[1:] if len(rows[0]) > 2 else [None]
    assert rows
    for label, *values in rows:
        for column, value in zip(columns, values, strict=True):
            decimals = len(value.partition(".")[2])
            assert value == f"{of_the_card(described['metrics'], label, column):.{decimals}f}"


@pytest.mark.parametrize("name", MODELS)
def test_examples_run(name):
    (example,) = re.findall(_EXAMPLE, getdoc(MODELS[name].build))
    assert f"zoo.{name}(" in example
    exec(dedent(example), {"zoo": zoo, "np": np})
