"""Finds what a call read and wrote among the files that it names. Stores nothing, and calls no target."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hydra_cached.execution.writes import WriteWatch
from hydra_cached.fingerprint import FileDigests, Stamp, stamp_file
from hydra_cached.graph import Node, Place
from hydra_cached.keys import FileUse, Keys, NamedPath

_TICK_NS = 20_000_000


@dataclass(frozen=True, slots=True)
class Writes:
    """What a call did to the files that it names.

    Attributes:
        outputs: (label, digest) of what it wrote; "" for what is declared and not there, or was removed.
        created: arguments whose files it made where none had been.
        disturbed: labels of inputs that changed meanwhile, and nothing says that the call did that.
    """

    outputs: tuple[tuple[str, str], ...] = ()
    created: tuple[str, ...] = ()
    disturbed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Before:
    """The files that a call names as they were just before it.

    Attributes:
        named: what its arguments name.
        stamps: states of the files by absolute path; None where there was none.
        inputs: what it reads, with contents.
        watch: notices which of them this process writes.
        started_ns: when the call began, by the clock that stamps files.
    """

    named: tuple[NamedPath, ...]
    stamps: dict[str, Stamp | None]
    inputs: tuple[FileUse, ...]
    watch: WriteWatch
    started_ns: int


class CallFiles:
    """Looks at the files of one call at a time, before and after."""

    def __init__(
        self,
        keys: Keys,
        files: FileDigests,
        mentions_of: Callable[[Place], Sequence[str]],
        is_writer: Callable[[Node, str], bool],
    ) -> None:
        self._keys = keys
        self._files = files
        self._mentions_of = mentions_of
        self._is_writer = is_writer

    def stamp(self, node: Node) -> dict[str, Stamp | None]:
        """States of all files that the call names. To be taken before contents are read for its keys."""
        named = self._keys.paths(node, self._mentions_of)
        paths = {self._files.locate(each.text) for each in named if each.role != "output"}
        return {path: stamp_file(path) for path in paths}

    def look_before(self, node: Node, stamps: dict[str, Stamp | None]) -> Before:
        """All that is to be known before the call."""
        named = self._keys.paths(node, self._mentions_of)
        inputs = (*self._keys.identity(node).inputs, *self._keys.mentioned_inputs(node, self._mentions_of))
        return Before(named, stamps, inputs, WriteWatch(stamps), _file_clock_ns())

    def look_after(
        self, node: Node, before: Before, mentions: Sequence[str], is_written_by_another: Callable[[str], bool]
    ) -> Writes:
        """What the call did.

        Args:
            mentions: texts in its result that may name files: what was made since the call began is its output too.
            is_written_by_another: whether another call of this run wrote the file with this label.
        """
        outputs: dict[str, str] = {}
        created: dict[str, None] = {}
        disturbed: dict[str, None] = {}
        contents = {each.label: each.digest for each in before.inputs}
        for each in before.named:
            path, label = self._files.locate(each.text), self._files.label(each.text)
            if each.role == "output":
                outputs[label] = self._files.digest_any(path) or ""
                continue
            then, now = before.stamps.get(path), stamp_file(path)
            if then is None and now is None:
                if each.role == "input" and self._files.digest_any(path) != contents.get(label):
                    disturbed[label] = None  # a folder or a glob
                continue
            if then == now:
                continue
            is_own = path in before.watch.written or (
                not is_written_by_another(label) and (then is None or self._is_writer(node, each.argument))
            )
            if is_own:
                if then is None:
                    created[each.argument] = None
                outputs[label] = self._files.digest(path) or ""
            elif self._files.digest(path) != contents.get(label):
                disturbed[label] = None
        for text in mentions:
            path, label = self._files.locate(text), self._files.label(text)
            if label in outputs or path in before.stamps or is_written_by_another(label):
                continue
            made = stamp_file(path)
            if made is not None and max(made[1], made[2]) >= before.started_ns:
                outputs[label] = self._files.digest(path) or ""
        return Writes(tuple(outputs.items()), tuple(created), tuple(disturbed))


def _file_clock_ns() -> int:
    """Nanoseconds since the epoch by the clock that stamps files, which ticks slower than others on some systems."""
    if hasattr(time, "CLOCK_REALTIME_COARSE"):
        return time.clock_gettime_ns(time.CLOCK_REALTIME_COARSE)
    return time.time_ns() - _TICK_NS


NO_WRITES = Writes()
