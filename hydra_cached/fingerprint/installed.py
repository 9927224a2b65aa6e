"""Tells which installed distribution a file belongs to. Reads the folder it lies in, and imports nothing for it.

Asking `importlib.metadata` what all distributions provide takes longer than everything else together.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from hydra_cached.fingerprint.rows import Rows

_HEAD_BYTES = 16_384
_METADATA = ("METADATA", "PKG-INFO", "")


class _Owner(NamedTuple):
    """The distribution of a top-level module; ``stamp`` is that of the file that says so."""

    name: str
    version: str
    file: str
    stamp: tuple[int, ...]


# of this process: by folder, its stamp, and the owners of what lies in it
_folders: dict[str, tuple[tuple[int, ...], dict[str, _Owner | None]]] = {}


class Installed:
    """Owners of top-level modules, looked up once per process, and once per installation where a memo remembers them.

    Args:
        rows: of the memo.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._lists: dict[str, list[str]] = {}
        self._found: dict[tuple[str, str], tuple[str, str] | None] = {}

    def owner(self, root: str, top: str, relative: str) -> tuple[str, str] | None:
        """Name and version of the distribution that ``relative`` below ``root`` belongs to; None for the user's own.

        Args:
            root: the folder that it was imported from.
            top: what stands for it: its top-level package, or the file itself.
            relative: the file below ``root``.
        """
        key = (root, top)
        if key not in self._found:
            owner = self._look_up(root, top, relative)
            self._found[key] = None if owner is None else (owner.name, owner.version)
        return self._found[key]

    def _look_up(self, root: str, top: str, relative: str) -> _Owner | None:
        stamp = _stamp(root)
        known = _folders.get(root)
        if known is None or known[0] != stamp:
            known = _folders[root] = (stamp, self._recall(root, stamp))
        owners = known[1]
        owner = owners.get(top)
        if top not in owners or (owner is not None and _stamp(owner.file) != owner.stamp):
            owner = owners[top] = self._search(root, top, relative)
            if owner is not None:
                self._rows.put(f"installed {root}", [stamp, {name: each for name, each in owners.items() if each}])
        return owner

    def _recall(self, root: str, stamp: tuple[int, ...]) -> dict[str, _Owner | None]:
        then, owners = (is_site_folder(root) and self._rows.get(f"installed {root}")) or ([], {})
        if then != [*stamp]:
            return {}
        return {top: _Owner(name, version, file, tuple(own)) for top, (name, version, file, own) in owners.items()}

    def _search(self, root: str, top: str, relative: str) -> _Owner | None:
        names = self._lists.get(root)
        if names is None:
            names = self._lists[root] = _list_metadata(root)
        wanted = _normalise(top.split("/")[0].removesuffix(".py"))
        # most distributions are called like their package
        for name in sorted(names, key=lambda each: _normalise(each.partition("-")[0]) != wanted):
            folder = os.path.join(root, name)
            if _is_listed(folder, relative, wanted):
                return _read_owner(folder)
        return None


def is_site_folder(path: str) -> bool:
    """Whether a path is, or lies in, a folder that packages are installed into."""
    parts = path.split(os.sep)
    return "site-packages" in parts or "dist-packages" in parts


def _list_metadata(root: str) -> list[str]:
    try:
        names = sorted(os.listdir(root))
    except OSError:
        return []
    # an .egg-info next to sources is what an editable install leaves behind
    suffixes = (".dist-info", ".egg-info") if is_site_folder(root) else (".dist-info",)
    return [name for name in names if name.endswith(suffixes)]


def _is_listed(folder: str, relative: str, wanted: str) -> bool:
    record = _read(os.path.join(folder, "RECORD"))
    if record is not None:
        line = relative.encode() + b","
        return record.startswith(line) or b"\n" + line in record
    # distributions packaged by an operating system come without a record
    names = _read(os.path.join(folder, "top_level.txt"))
    if names is not None:
        return wanted in [_normalise(name.decode(errors="replace")) for name in names.split()]
    return _normalise(os.path.basename(folder).partition("-")[0]) == wanted


def _read_owner(folder: str) -> _Owner | None:
    for name in _METADATA:
        file = os.path.join(folder, name) if name else folder
        head = _read(file, _HEAD_BYTES)
        if head is None:
            continue
        fields: dict[str, str] = {}
        for line in head.decode(errors="replace").splitlines():
            field, colon, value = line.partition(":")
            if not colon:
                break
            fields.setdefault(field.lower(), value.strip())
        if "name" in fields:
            return _Owner(fields["name"], fields.get("version", ""), file, _stamp(file))
    return None


def _read(file: str, limit: int = -1) -> bytes | None:
    try:
        with open(file, "rb") as stream:
            return stream.read(limit)
    except OSError:
        return None


def _stamp(path: str) -> tuple[int, ...]:
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def _normalise(name: str) -> str:
    return name.replace("-", "_").replace(".", "_").lower()
