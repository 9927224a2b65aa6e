"""Knows where the user's projects lie, so that a path inside one can be told without saying where that is."""

from __future__ import annotations

import os

_MARKERS = (".git", ".hg", "pyproject.toml", "setup.py", "setup.cfg")


class Projects:
    """Project folders by the module that was asked about, each looked for once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}
        self._by_folder: dict[str, tuple[str, ...]] = {}

    def roots(self, name: str, file: str | None) -> tuple[str, ...]:
        """Folders that move together with the module ``name`` in ``file``, the outermost first."""
        if file is None:
            return ()
        known = self._known.get((name, file))
        if known is None:
            folder = _import_root(name, file)
            known = self._by_folder.get(folder)
            if known is None:
                known = self._by_folder[folder] = _find_roots(folder)
            self._known[name, file] = known
        return known

    def relative(self, path: str, name: str, file: str | None) -> str | None:
        """``path`` as seen from the project of a module, with "/" on every system; None where it lies elsewhere."""
        if not os.path.isabs(path):
            return None
        for root in self.roots(name, file):
            if path == root or path.startswith(root + os.sep):
                return path[len(root) :].replace(os.sep, "/") or "/"
        return None


def _import_root(name: str, file: str) -> str:
    """The folder that the top-level package of a module was imported from."""
    folder = os.path.dirname(os.path.abspath(file))
    depth = name.count(".") + (1 if os.path.basename(file).startswith("__init__.") else 0)
    for _ in range(0 if name == "__main__" else depth):
        folder = os.path.dirname(folder)
    return folder


def _find_roots(import_root: str) -> tuple[str, ...]:
    root = _find_marked(import_root)
    if root is None:
        # nothing marks a project: it is what was started here, or else what is imported as one
        current = os.getcwd()
        root = current if import_root.startswith(os.path.join(current, "")) else import_root
    if os.path.dirname(root) == root:
        # everything lies below "/"
        return ()
    real = os.path.realpath(root)
    return (root,) if real == root else (root, real)


def _find_marked(folder: str) -> str | None:
    while os.path.dirname(folder) != folder:
        if any(os.path.exists(os.path.join(folder, marker)) for marker in _MARKERS):
            return folder
        folder = os.path.dirname(folder)
    return None
