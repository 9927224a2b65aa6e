"""Sends the user's own modules to workers that do not see the files here. Sends nothing that is installed."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from distributed import WorkerPlugin

from hydra_cached.execution.dask.worker import unpack_code
from hydra_cached.fingerprint import CodeFingerprints
from hydra_cached.graph import Graph

_LEFT_OUT = frozenset({"__pycache__", ".git", ".hg", ".venv", "node_modules"})


class ShippedCode(WorkerPlugin):  # type: ignore[misc]
    """Lays down code on every worker, also on those that come later."""

    def __init__(self, name: str, archive: bytes) -> None:
        self.name = f"hydra-cached-code-{name}"
        self._code_name = name
        self._archive = archive

    def setup(self, worker: Any) -> None:
        """A worker of the cluster is there."""
        unpack_code(self._code_name, self._archive, worker.local_directory)


def ship(client: Any, graph: Graph) -> str:
    """Send the modules that a graph's targets come from. Returns the name by which a session asks for them."""
    archive = pack_code(find_own_modules(graph))
    if not archive:
        return ""
    name = hashlib.sha256(archive).hexdigest()
    client.register_plugin(ShippedCode(name, archive))
    return name


def find_own_modules(graph: Graph) -> list[str]:
    """Names of top-level modules and packages of the user's own that the targets' code reaches."""
    code = CodeFingerprints()
    found: dict[str, None] = {}
    for target in {id(place.target): place.target for node in graph.nodes for place in node.places}.values():
        reached = [definition.id for definition in code.collect(target) if definition.file is not None]
        for name in (getattr(target, "__module__", None) or "", *reached):
            top = name.partition(".")[0]
            if top in sys.modules and top != "__main__" and code.is_first_party(top):
                found[top] = None
    return sorted(found)


def pack_code(names: Iterable[str]) -> bytes:
    """An archive of modules and packages with all that lies in them; b"" of nothing."""
    files: dict[str, Path] = {}
    for name in names:
        module = sys.modules[name]
        folders = list(getattr(module, "__path__", ()))
        if folders:
            for folder in folders:
                files.update((f"{name}/{inside}", path) for inside, path in _list_files(Path(folder)))
        elif getattr(module, "__file__", None):
            path = Path(str(module.__file__))
            files[path.name] = path
    if not files:
        return b""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as zipped:
        for inside, path in sorted(files.items()):
            # equal code has an equal name: no times
            zipped.writestr(zipfile.ZipInfo(inside), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _list_files(folder: Path) -> Iterable[tuple[str, Path]]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if each not in _LEFT_OUT)
        for name in sorted(names):
            path = Path(root, name)
            yield path.relative_to(folder).as_posix(), path
