"""Knows which node of a run writes which file. Looks at no file."""

from __future__ import annotations


class Outputs:
    """The files that nodes of one run write, or wrote when their results were made."""

    def __init__(self) -> None:
        self._writers: dict[str, int] = {}
        self._told: set[str] = set()

    def claim(self, index: int, label: str) -> int | None:
        """Note that a node writes a file. Returns the other node that does too, the first time that shows."""
        writer = self._writers.setdefault(label, index)
        if writer == index or label in self._told:
            return None
        self._told.add(label)
        return writer

    def is_of_another(self, index: int, label: str) -> bool:
        """Whether another node writes the file."""
        return self._writers.get(label, index) != index
