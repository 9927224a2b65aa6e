"""Notices which of some files this process opens for writing: what Python's audit events tell, and no more."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
# events and the position of the path that is written
_TARGETS = {"os.rename": 1, "os.link": 1, "os.symlink": 1, "os.remove": 0, "os.truncate": 0, "sqlite3.connect": 0}

_lock = threading.Lock()
_is_installed = False
_watchers: dict[str, set[WriteWatch]] = {}


class WriteWatch:
    """Watches some files while it is open.

    Args:
        paths: absolute paths.

    Attributes:
        written: those of them that were opened for writing, replaced or removed.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = tuple(paths)
        self._by_name: dict[str, list[str]] = {}
        for path in self.paths:
            self._by_name.setdefault(os.path.basename(path), []).append(path)
        self.written: set[str] = set()

    def __enter__(self) -> WriteWatch:
        global _is_installed
        with _lock:
            if self._by_name and not _is_installed:
                # cannot be taken out again; it does nothing while nothing is watched
                sys.addaudithook(_notice)
                _is_installed = True
            for name in self._by_name:
                _watchers.setdefault(name, set()).add(self)
        return self

    def __exit__(self, *ignored: object) -> None:
        with _lock:
            for name in self._by_name:
                watching = _watchers.get(name)
                if watching is not None:
                    watching.discard(self)
                    if not watching:
                        del _watchers[name]

    def note(self, name: str, path: str) -> None:
        """Something was written at ``path``, whose last part is ``name``."""
        absolute = os.path.abspath(path)
        for known in self._by_name[name]:
            if known == absolute or os.path.realpath(known) == os.path.realpath(absolute):
                self.written.add(known)


def _notice(event: str, arguments: tuple[object, ...]) -> None:
    if not _watchers:
        return
    if event == "open":
        path, _mode, flags = arguments
        if not (isinstance(flags, int) and flags & _WRITING):
            return
    elif event in _TARGETS:
        path = arguments[_TARGETS[event]]
    else:
        return
    if not isinstance(path, (str, bytes, os.PathLike)):
        return
    text = os.fsdecode(path)
    name = os.path.basename(text)
    for watch in list(_watchers.get(name, ())):
        watch.note(name, text)
