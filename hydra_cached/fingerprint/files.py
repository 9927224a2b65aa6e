"""Digests of files, folders and globs by content, and the names by which keys know them. Decides nothing about inputs.

A file is read once for each state (size, mtime, ctime, inode) that it is met in. Its ctime cannot be set back, so a
file that was rewritten with the same size and its old mtime is read again. A file that was changed a moment ago might
change once more within the resolution of its clock: what was read of it is not remembered.
"""

from __future__ import annotations

import glob
import os
import stat
import struct
import time
from collections.abc import Iterator
from typing import Any, TypeAlias

from blake3 import blake3

from hydra_cached.fingerprint.memo import Memo
from hydra_cached.fingerprint.project import Projects

Stamp: TypeAlias = tuple[int, int, int, int]
"""Size in bytes, mtime and ctime in nanoseconds, inode."""

SETTLED_NS = 2_000_000_000
"""Age of a change, in nanoseconds, from which on another one must show in the ctime; the coarsest clocks tick so."""

_LONGEST_PATH = 4096
_CHUNK_BYTES = 1 << 20
_ATTEMPTS = 3
_INSIDE = "<project>/"
_RECORD = struct.Struct("<QQQQ32s")
_GLOB = frozenset("*?[")
_CACHE_TAG = "CACHEDIR.TAG"


class FileDigests:
    """Digests of files, each computed once for each of their states.

    Args:
        folder: what relative paths start from; the working directory by default.
        memo: what is remembered between runs; `flush` hands it what is new.
    """

    def __init__(self, folder: str | None = None, memo: Memo | None = None) -> None:
        self.folder = os.getcwd() if folder is None else folder
        self.roots = Projects().roots("__main__", os.path.join(self.folder, "_"))
        self._memo = memo
        self._known: dict[str, tuple[Stamp, str]] = {}
        self._new: dict[str, bytes] = {}

    # --- names --------------------------------------------------------------------------------------------------------

    def locate(self, text: str) -> str:
        """The absolute path that ``text`` means: from the folder of the run, ``~`` and ``file://`` understood."""
        if text.startswith("file://"):
            text = text.removeprefix("file://")
        elif text.startswith("~"):
            text = os.path.expanduser(text)
        return os.path.join(self.folder, text)

    def label(self, text: str) -> str:
        """``text`` as keys know it: a path inside the project as seen from its folder, so that the project may move."""
        for root in self.roots:
            if text.startswith(root + os.sep):
                return _INSIDE + text[len(root) + 1 :].replace(os.sep, "/")
        return text

    def resolve(self, label: str) -> str:
        """The absolute path that a label means in this run."""
        if label.startswith(_INSIDE) and self.roots:
            return os.path.join(self.roots[0], label[len(_INSIDE) :])
        return self.locate(label)

    def is_file(self, text: str) -> bool:
        """Whether ``text`` names a file that is there. Cheap where there is none."""
        return self._mode(text, stat.S_ISREG)

    def is_folder(self, text: str) -> bool:
        """Whether ``text`` names a folder that is there."""
        return self._mode(text, stat.S_ISDIR)

    def _mode(self, text: str, is_wanted: Any) -> bool:
        if not may_be_path(text):
            return False
        path = self.locate(text)
        try:
            # access() raises nothing where there is no file, as is the case for most texts
            return os.access(path, os.F_OK) and bool(is_wanted(os.stat(path).st_mode))
        except (OSError, ValueError):
            # a text of surrogates cannot be the name of a file
            return False

    # --- contents -----------------------------------------------------------------------------------------------------

    def digest(self, path: str) -> str | None:
        """64 hexadecimal digits for the content of the file at the absolute ``path``; None where none can be read.

        A file that changes while it is read, again and again, has none either.
        """
        for _ in range(_ATTEMPTS):
            stamp = stamp_file(path)
            if stamp is None:
                return None
            known = self._known.get(path) or self._recall(path)
            if known is not None and known[0] == stamp:
                return known[1]
            begun_ns = time.time_ns()
            digest = _read(path)
            if digest is not None and stamp_file(path) == stamp:
                if begun_ns - max(stamp[1], stamp[2]) > SETTLED_NS:
                    self._known[path] = (stamp, digest)
                    self._new[_memo_key(path)] = _RECORD.pack(*stamp, bytes.fromhex(digest))
                return digest
        return None

    def digest_any(self, path: str) -> str | None:
        """64 hexadecimal digits for a file, a folder with all that is below it, or what a glob matches; None for none.

        Folders that carry the tag of a cache directory are left out.
        """
        found = list(self._members(path))
        if not found:
            return None
        if len(found) == 1 and found[0][0] == "":
            return found[0][1]
        hasher = blake3()
        for name, content in sorted(found):
            raw = name.encode("utf-8", "surrogateescape")
            hasher.update(b"%x:%b%b" % (len(raw), raw, content.encode()))
        return hasher.hexdigest()

    def flush(self) -> None:
        """Hand what is new to the memo."""
        new, self._new = self._new, {}
        if new and self._memo is not None:
            self._memo.remember(new)

    def _members(self, path: str) -> Iterator[tuple[str, str]]:
        """(name below ``path``, digest) of all that is there; a lone file has the name ""."""
        if os.path.isdir(path):
            yield "/", "folder"
            yield from self._folder(path, "")
        elif os.path.exists(path):
            yield "", self.digest(path) or "unreadable"
        elif not _GLOB.isdisjoint(path):
            base, pattern = _split_glob(path)
            for name in glob.glob(pattern, root_dir=base, recursive=True):
                match = os.path.join(base, name)
                if os.path.isdir(match):
                    yield name, "folder"
                    yield from self._folder(match, name.rstrip(os.sep))
                else:
                    yield name, self.digest(match) or "unreadable"

    def _folder(self, folder: str, prefix: str) -> Iterator[tuple[str, str]]:
        for parent, folders, files in os.walk(folder):
            folders[:] = [each for each in folders if not os.path.exists(os.path.join(parent, each, _CACHE_TAG))]
            below = prefix + parent[len(folder) :].replace(os.sep, "/")
            for name in folders:
                path = os.path.join(parent, name)
                # walk() does not go into links: they may lead in a ring
                yield f"{below}/{name}/", f"link {os.readlink(path)}" if os.path.islink(path) else "folder"
            for name in files:
                yield f"{below}/{name}", self.digest(os.path.join(parent, name)) or "unreadable"

    def _recall(self, path: str) -> tuple[Stamp, str] | None:
        if self._memo is None:
            return None
        key = _memo_key(path)
        record = self._memo.recall([key]).get(key)
        if record is None or len(record) != _RECORD.size:
            return None
        size, mtime, ctime, inode, digest = _RECORD.unpack(record)
        known = self._known[path] = ((size, mtime, ctime, inode), digest.hex())
        return known


def may_be_path(text: str) -> bool:
    """Whether a text could be the path of anything."""
    return 0 < len(text) <= _LONGEST_PATH and "\0" not in text and "\n" not in text


def stamp_file(path: str) -> Stamp | None:
    """The state of a regular file; None where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    # times before the epoch would not fit the record
    return status.st_size, max(status.st_mtime_ns, 0), max(status.st_ctime_ns, 0), status.st_ino


def _read(path: str) -> str | None:
    hasher = blake3()
    buffer = bytearray(_CHUNK_BYTES)
    view = memoryview(buffer)
    try:
        # not mapped: a file that is truncated meanwhile would end the process
        with open(path, "rb", buffering=0) as stream:
            while count := stream.readinto(buffer):
                hasher.update(view[:count])
    except OSError:
        return None
    return hasher.hexdigest()


def _split_glob(path: str) -> tuple[str, str]:
    """The folder before the first part with a wildcard, and the pattern below it."""
    parts = path.split(os.sep)
    first = next(i for i, part in enumerate(parts) if not _GLOB.isdisjoint(part))
    return os.sep.join(parts[:first]) or os.sep, os.sep.join(parts[first:])


def _memo_key(path: str) -> str:
    return blake3(path.encode("utf-8", "surrogateescape")).hexdigest()
