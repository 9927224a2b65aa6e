"""Lets the user's own modules be imported, as their files are now. Process-wide, hence only for commands.

Python takes compiled bytecode for a file's own when size and modification time in whole seconds fit. A file that is
edited twice within a second, or edited and given its old time back, then runs as it was. Here bytecode counts only if
it was written in a later second than the file was last touched in any way.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)

_INSTALLED = ("site-packages", "dist-packages")


class _FreshLoader(SourceFileLoader):
    """Loads source files, and their bytecode where it is certainly theirs."""

    def get_data(self, path: str) -> bytes:
        """The content of a file; bytecode that may be another version's is not there."""
        if path != self.path and path.endswith(tuple(BYTECODE_SUFFIXES)):
            source, compiled = os.stat(self.path), os.stat(path)
            # ctime: a restored modification time does not hide an edit
            if int(compiled.st_mtime) <= int(max(source.st_ctime, source.st_mtime)):
                raise OSError(f'"{path}" may belong to another version of "{self.path}"')
        return super().get_data(path)


def make_cwd_importable() -> None:
    """Put the working directory first on `sys.path`, for good, unless it is there."""
    cwd = os.getcwd()
    if cwd not in sys.path:
        sys.path.insert(0, cwd)


def refuse_stale_bytecode() -> None:
    """From now on, import the user's own modules as their files are now."""
    if _find_in in sys.path_hooks:
        return
    sys.path_hooks.insert(0, _find_in)
    for folder in [each for each in sys.path_importer_cache if _is_own(each)]:
        del sys.path_importer_cache[folder]


def _find_in(folder: str) -> FileFinder:
    if not _is_own(folder) or not os.path.isdir(folder or "."):
        raise ImportError(f'"{folder}" is left to the other finders', path=folder)
    return FileFinder(
        folder,
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (_FreshLoader, SOURCE_SUFFIXES),
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )


def _is_own(folder: str) -> bool:
    if any(part in folder for part in _INSTALLED):
        return False
    standard = os.path.dirname(os.__file__)
    return not (folder == standard or folder.startswith(standard + os.sep) or folder.endswith(".zip"))
