"""What is wrong with a file that cannot hold records, or whose records are damaged."""

from zoo.errors import ZooError


class ContainerError(ZooError):
    """One line, about the file."""


class DamagedRecords(ContainerError):
    """The file is whole, but for its records."""


def cut(kind):
    """The error for a file of which the end is missing."""
    return ContainerError(f"its {kind} file is cut short or damaged")
