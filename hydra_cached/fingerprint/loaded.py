"""Tells whether the text of a file is what was imported from it: nothing in a loaded module says so.

A text that did not change since this process began is what was imported, unless Python took an outdated compiled file
for it. One that changed later is believed only if the compiled file was written after the change.
"""

from __future__ import annotations

import marshal
import os
import sys
import time
from collections.abc import Mapping
from types import CodeType
from typing import Any

from hydra_cached.fingerprint.bytecode import is_same_code

_HEADER_BYTES = 16
_NS = 1_000_000_000
# id of the clock that the kernel takes the times of files from, on Linux; Python has no name for it
_COARSE_CLOCK = 5
# the system counts the beginning of processes in hundredths of a second, and Python takes some more to import anything
_BOOT_NS = 15_000_000
# what is imported after this module says what its file said at this moment or later
_IMPORTED_NS = time.time_ns()


class ImportTimes:
    """What is known of this process: when it began, and which modules it imported after this one."""

    def __init__(self) -> None:
        self._slack_ns = _clock_slack_ns()
        self._started_ns: int | None = None
        # what was imported before this module may have been imported at any time since the process began
        self._earlier: frozenset[str] | None = None

    def is_older(self, status: os.stat_result, module_name: str) -> bool:
        """Whether a file did not change since the module of that name was imported."""
        if self._earlier is None:
            self._earlier = _imported_before(__name__)
        if module_name not in self._earlier:
            return changed_ns(status) + self._slack_ns < _IMPORTED_NS
        if self._started_ns is None:
            self._started_ns = process_start_ns()
        # what was written just before the process began must not look as if it was written after an import
        return changed_ns(status) < self._started_ns + _BOOT_NS


def changed_ns(status: os.stat_result) -> int:
    """When a file changed for the last time."""
    # elsewhere the second one is when it was made
    return max(status.st_mtime_ns, status.st_ctime_ns) if os.name == "posix" else status.st_mtime_ns


def compiled_file(namespace: Mapping[str, Any]) -> str | None:
    """Where the compiled file of a module is, or would be; None for what was not imported from a source file."""
    cached = getattr(namespace.get("__spec__"), "cached", None)
    return cached if isinstance(cached, str) else None


def is_made_from(file: str, status: os.stat_result) -> bool:
    """Whether Python takes a compiled file for one made from a source of this size and time."""
    try:
        with open(file, "rb") as stream:
            header = stream.read(_HEADER_BYTES)
    except OSError:
        return False
    flags = int.from_bytes(header[4:8], "little")
    if len(header) < _HEADER_BYTES or flags:
        # made from a source of a certain content, and with 1 alone believed without a look
        return flags == 1
    wanted = (int(status.st_mtime) & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF)
    return wanted == (int.from_bytes(header[8:12], "little"), int.from_bytes(header[12:16], "little"))


def is_outdated(file: str, status: os.stat_result, code: CodeType) -> bool:
    """Whether Python would load something else than ``code``, what a source says now, from its compiled file."""
    if not is_made_from(file, status):
        return False
    try:
        with open(file, "rb") as stream:
            stream.seek(_HEADER_BYTES)
            loaded = marshal.loads(stream.read())
    except (OSError, ValueError, EOFError, TypeError):
        return False
    return not (isinstance(loaded, CodeType) and is_same_code(loaded, code))


def process_start_ns() -> int:
    """When this process began, in nanoseconds since the epoch, up to 10 ms too early; 0 if nothing tells."""
    try:
        with open("/proc/self/stat", "rb") as stream:
            ticks = int(stream.read().rpartition(b")")[2].split()[19])
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, ValueError, IndexError):
        return 0
    return time.time_ns() - int(age_s * _NS)


def _imported_before(name: str) -> frozenset[str]:
    found: list[str] = []
    for each in list(sys.modules):
        if each == name:
            break
        found.append(each)
    return frozenset(found)


def _clock_slack_ns() -> int:
    """How far the time of a file may lag behind the clock."""
    if sys.platform == "linux":
        try:
            return int(time.clock_getres(_COARSE_CLOCK) * _NS)
        except OSError:
            pass
    return 20_000_000
