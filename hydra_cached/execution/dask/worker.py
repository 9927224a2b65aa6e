"""What runs on a worker of a cluster: its set-up for a run, and the calls. Knows no client."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import pickle
import platform
import sys
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hydra_cached.config.importing import refuse_stale_bytecode
from hydra_cached.errors import UsageError
from hydra_cached.execution.tasks import Done, forget_code, run_task
from hydra_cached.execution.worker_processes import disregard_interrupts
from hydra_cached.fingerprint import CodeFingerprints


@dataclass(frozen=True, slots=True)
class Versions:
    """What must be the same on both sides."""

    python: str
    hydra_cached: str
    cloudpickle: str


@dataclass(frozen=True, slots=True)
class Session:
    """What a worker takes over from the client of a run.

    Attributes:
        name: tells runs apart; also the topic of what workers tell their client.
        folder: working directory.
        import_path: `sys.path`.
        log_level: number of the least level that is logged.
        versions: of the client.
        prepare: called once the rest is set up.
        probes: files that the worker must see.
        shipped: name of the code that is sent along, or "".
    """

    name: str
    folder: str
    import_path: tuple[str, ...]
    log_level: int
    versions: Versions
    prepare: Callable[[], None] | None = None
    probes: tuple[str, ...] = ()
    shipped: str = ""


@dataclass(slots=True)
class _Worker:
    """State of this worker process."""

    session: str = ""
    before: tuple[str, list[str], int] | None = None
    folders: dict[str, str] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


_state = _Worker()


def dask_setup(worker: Any) -> None:
    """Dask calls this in the main thread of each worker that is started for one run."""
    disregard_interrupts()


def own_versions() -> Versions:
    """Versions in this process."""
    import cloudpickle

    return Versions(".".join(platform.python_version_tuple()[:2]), version("hydra-cached"), cloudpickle.__version__)


def compare(found: Versions, wanted: Versions) -> str:
    """What differs, in words; "" where nothing does."""
    names = ("python", "hydra_cached", "cloudpickle")
    return ", ".join(
        f"{name} {getattr(found, name)} and not {getattr(wanted, name)}"
        for name in names
        if getattr(found, name) != getattr(wanted, name)
    )


def look_for(paths: tuple[str, ...]) -> list[str]:
    """Those of some paths that are not there, as this process sees it."""
    return [path for path in paths if not os.path.exists(path)]


def end_descendants() -> None:
    """Kill whatever this process has started, and what that has."""
    import psutil  # type: ignore[import-untyped]

    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()


def run_call(packed_session: bytes, packed: bytes, key: str) -> Done:
    """Make the call of a packed task in a session.

    Raises:
        UsageError: this worker cannot take part in the run.
    """
    from distributed import get_worker

    worker = get_worker()
    session: Session = pickle.loads(packed_session)
    worker.log_event(session.name, {"begun": key, "worker": worker.address})
    enter(session, worker.address)
    return run_task(packed)


def enter(session: Session, address: str) -> None:
    """Set this process up for a run, unless it is.

    Raises:
        UsageError: it cannot take part in it.
    """
    with _state.lock:
        if _state.session == session.name:
            return
        if differences := compare(own_versions(), session.versions):
            raise UsageError(f"the worker {address} has {differences}")
        unseen = look_for(session.probes)
        if unseen:
            raise UsageError(f'the worker {address} does not see "{os.path.dirname(unseen[0])}"')
        root = logging.getLogger()
        if _state.before is None:
            _state.before = (os.getcwd(), list(sys.path), root.level)
        if os.path.isdir(session.folder) or not session.shipped:
            os.chdir(session.folder)
        shipped = _state.folders.get(session.shipped)
        sys.path[:] = [*([shipped] if shipped else []), *session.import_path]
        refuse_stale_bytecode()
        root.setLevel(session.log_level)
        _forget_own_modules()
        if session.prepare is not None:
            session.prepare()
        _state.session = session.name


async def leave(name: str) -> None:
    """Set this process back to what it was before a run. Asynchronous, so that nobody need wait for it."""
    with _state.lock:
        if _state.session != name or _state.before is None:
            return
        folder, sys.path[:], level = _state.before
        os.chdir(folder)
        logging.getLogger().setLevel(level)
        _state.session, _state.before = "", None


def unpack_code(name: str, archive: bytes, folder: str) -> None:
    """Lay down code that was sent along, as files: what is read of it counts as it is loaded.

    Args:
        name: by which sessions ask for it.
    """
    with _state.lock:
        root = Path(folder, f"hydra-cached-code-{name}")
        with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
            zipped.extractall(root)
        _state.folders[name] = str(root)


def _forget_own_modules() -> None:
    """An earlier run of this process may have imported what was edited since."""
    code = CodeFingerprints()
    forgotten = [
        name
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] not in ("__main__", "__mp_main__", "hydra_cached")
        and isinstance(getattr(module, "__file__", None), str)
        and code.is_first_party(name)
    ]
    for name in forgotten:
        sys.modules.pop(name, None)
    forget_code()
