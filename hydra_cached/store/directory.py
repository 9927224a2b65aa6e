"""The cache directory: its layout, its identity and who may use it. Looks into no entry."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from hydra_cached.errors import StoreError
from hydra_cached.store.exclusive import sync_folder, write_once
from hydra_cached.store.filesystem import INDEX_VARIABLE, index_folder

FORMAT = 1
"""Format of the directory that this release writes. Older ones are opened, newer ones refused."""

_MARKER = "store.json"
_TAG = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n"
    b"# This file marks a cache directory of hydra-cached. See https://bford.info/cachedir/\n"
)
_CHOOSE = "choose another cache directory with -c DIR"


@dataclass(frozen=True, slots=True)
class StoreDirectory:
    """An existing cache directory.

    Attributes:
        root: absolute path.
        store_id: identity of the store, 16 bytes drawn at random when it was created.
        index: the folder of the database; elsewhere for a store on a network file system.
        is_writable: whether this process may write to it.
    """

    root: Path
    store_id: bytes
    index: Path
    is_writable: bool

    @property
    def is_shared(self) -> bool:
        """Whether others may have objects in it that this index does not know."""
        return self.index.parent != self.root

    @property
    def objects(self) -> Path:
        return self.root / "objects"

    @property
    def aside(self) -> Path:
        """Damaged records and objects, kept for inspection."""
        return self.root / "aside"

    @property
    def locks(self) -> Path:
        """Who computes what now."""
        return self.root / "locks"

    def has_objects(self) -> bool:
        """Whether there is any object."""
        return next(self.objects.glob("??/*"), None) is not None

    def measure(self) -> int:
        """Length in bytes of all files of the store."""
        return measure_folder(self.index) + self.measure_objects()

    def measure_objects(self) -> int:
        """Length in bytes of all files of the store but those of the index."""
        return measure_folder(self.objects) + measure_folder(self.aside)


def open_directory(root: Path, *, create: bool, is_durable: bool = False) -> StoreDirectory | None:
    """The cache directory at `root`; created when absent, or None without `create`.

    Args:
        is_durable: what is created is on the disk when this returns.

    Raises:
        StoreError: it is no directory, cannot be created, belongs to or may be written by other users, or was written
            by a later release.
    """
    try:
        if not _is_safe_directory(root):
            if not create:
                return None
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        marker = root / _MARKER
        if not marker.exists():
            if not create:
                return None
            _furnish(root)
            write_once(
                marker,
                json.dumps({"format": FORMAT, "id": secrets.token_hex(16)}).encode() + b"\n",
                is_durable=is_durable,
            )
        text = marker.read_bytes()
    except OSError as exc:
        raise StoreError(f'cannot use the cache directory "{root}": {exc.strerror or exc}', hint=_CHOOSE) from exc
    store_id = _read_marker(text, root)
    directory = StoreDirectory(root, store_id, index_folder(root, store_id), os.access(root, os.W_OK | os.X_OK))
    if directory.is_writable and create:
        _complete(directory)
        if is_durable:
            for folder in (root, root.parent):
                sync_folder(folder)
    return directory


def measure_folder(folder: Path) -> int:
    """Length in bytes of all files under a folder; those that vanish meanwhile do not count."""
    total_bytes = 0
    waiting = [str(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as found:
            for each in found:
                if each.is_dir(follow_symlinks=False):
                    waiting.append(each.path)
                else:
                    with contextlib.suppress(OSError):
                        total_bytes += each.stat(follow_symlinks=False).st_size
    return total_bytes


def _is_safe_directory(root: Path) -> bool:
    """False where there is nothing.

    Raises:
        StoreError: there is something else, or others could replace what is in it.
    """
    try:
        status = os.lstat(root)
    except FileNotFoundError:
        return False
    if stat.S_ISLNK(status.st_mode):
        raise StoreError(
            f'the cache directory "{root}" is a symbolic link', hint=f'name its target: -c "{os.path.realpath(root)}"'
        )
    if not stat.S_ISDIR(status.st_mode):
        raise StoreError(f'the cache directory "{root}" is a file', hint=_CHOOSE)
    if os.name == "posix":
        if status.st_uid != os.geteuid():
            raise StoreError(f'the cache directory "{root}" belongs to another user', hint=_CHOOSE)
        if status.st_mode & 0o022:
            raise StoreError(f'other users may write to the cache directory "{root}"', hint=f'run: chmod go-w "{root}"')
    return True


def _furnish(root: Path) -> None:
    if not os.listdir(root):
        # a folder that holds other files stays under its owner's version control and backups
        write_once(root / "CACHEDIR.TAG", _TAG, mode=0o644)
        write_once(root / ".gitignore", b"*\n", mode=0o644)
    (root / "objects").mkdir(mode=0o700, exist_ok=True)


def _complete(directory: StoreDirectory) -> None:
    """Make the parts of a store again that somebody deleted."""
    for folder in (directory.objects, *([] if directory.is_shared else [directory.index])):
        if not folder.is_dir():
            try:
                folder.mkdir(mode=0o700, exist_ok=True)
            except OSError as exc:
                raise StoreError(f'cannot create "{folder}": {exc.strerror or exc}', hint=_CHOOSE) from exc
    if directory.is_shared:
        try:
            directory.index.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise StoreError(
                f'cannot use the folder "{directory.index}" for the index of a store on a network file system: '
                f"{exc.strerror or exc}",
                hint=f"set {INDEX_VARIABLE} to a local folder",
            ) from exc


def _read_marker(text: bytes, root: Path) -> bytes:
    try:
        marker = json.loads(text)
        number, store_id = int(marker["format"]), bytes.fromhex(marker["id"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as exc:
        raise StoreError(
            f'the cache directory "{root}" is damaged: its {_MARKER} cannot be read',
            hint="delete the directory (everything is computed again), or choose another one with -c DIR",
        ) from exc
    if number > FORMAT:
        raise StoreError(
            f'the cache directory "{root}" was written by a later hydra-cached (format {number}, known is {FORMAT})',
            hint="upgrade hydra-cached, or choose another cache directory with -c DIR",
        )
    return store_id
