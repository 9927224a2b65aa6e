"""Finds the cluster that is asked for, or starts one on this machine, and opens a client of it. Sends it no call."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import logging
import os
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra_cached.errors import UsageError
from hydra_cached.execution.dask.local import LocalWorkers, kill_workers
from hydra_cached.execution.dask.worker import Session, leave
from hydra_cached.execution.staging import Scratch

CONNECT_TIMEOUT_S = 10
_LEAVE_TIMEOUT_S = 2
_CLOSE_TIMEOUT_S = 5
_INSTALL = 'pip install "hydra-cached[dask]"'
_FORMS = "give tcp://host:port, a scheduler file, or module:factory"


@dataclass(frozen=True, slots=True)
class Connection:
    """A client of a cluster, and what is ours of it.

    Attributes:
        client: a `distributed.Client`.
        cluster: what the user's code started for this run, so that it ends with it; or None.
        is_client_ours: the client was made here.
        local: workers that were started here, on this machine; or None.
    """

    client: Any
    cluster: Any
    is_client_ours: bool
    local: LocalWorkers | None = None

    @property
    def may_grow(self) -> bool:
        """Whether workers may come that are not there yet: the cluster adapts to what is asked of it."""
        known = self.client.cluster
        return known is not None and getattr(known, "_adaptive", None) is not None


def connect(where: Any, jobs: int) -> Connection:
    """A client of a cluster.

    Args:
        where: an address, the path of a scheduler file, "module:factory", a cluster or a client; None starts workers
            on this machine.
        jobs: how many of those.

    Raises:
        UsageError: it cannot be reached, or Dask is not installed.
    """
    _require_dask()
    _quieten()
    if where is None:
        return _start_local(jobs)
    if not isinstance(where, (str, os.PathLike)):
        return _adopt(where, is_made_here=False, name=f"the cluster {type(where).__name__}")
    text = os.fspath(where)
    if "://" in text:
        return Connection(_open_client(text, text), None, True)
    if os.path.exists(text) or text.endswith(".json"):
        return Connection(_open_client(text, None, scheduler_file=_require_file(text)), None, True)
    module, found, factory = text.partition(":")
    if not (found and module and factory):
        raise UsageError(f'there is no cluster "{text}"', hint=_FORMS)
    return _adopt(_call_factory(text, module, factory), is_made_here=True, name=text)


def _require_dask() -> None:
    try:
        import distributed  # noqa: F401
    except ImportError as exc:
        raise UsageError(f"the executor dask cannot be used: {exc}", hint=_INSTALL) from exc


def _quieten() -> None:
    """Dask tells of every connection; the user asked for a run. Its errors and, with DEBUG, all of it come through."""
    if logging.getLogger().level <= logging.DEBUG:
        return
    for name in [each for each in logging.root.manager.loggerDict if f"{each}.".startswith("distributed.")]:
        logger = logging.getLogger(name)
        if logger.level < logging.ERROR:
            logger.setLevel(logging.ERROR)


def _start_local(jobs: int) -> Connection:
    from distributed import Client

    try:
        local = LocalWorkers(jobs, Scratch(configured_scratch()))
    except (OSError, RuntimeError, TimeoutError) as exc:
        hint = 'a script that runs pipelines needs: if __name__ == "__main__"'
        raise UsageError(f"cannot start workers: {_describe(exc)}", hint=hint) from exc
    return Connection(Client(local.cluster, set_as_default=False), None, True, local)


def configured_scratch() -> str | None:
    """Where Dask is told to put what lasts no longer than a run; None is where the system keeps such things."""
    import dask

    configured: str | None = dask.config.get("temporary-directory", None)
    return None if configured is None else os.path.join(configured, "hydra-cached")


def _open_client(name: str, address: Any, **options: Any) -> Any:
    from distributed import Client

    kind: Any = Client
    client = kind.__new__(kind)
    try:
        client.__init__(address, timeout=CONNECT_TIMEOUT_S, set_as_default=False, **options)
        return client
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, AssertionError) as exc:
        # else it would try to close what was never open, for twice that time, when it is collected
        client.status = "closed"
        raise UsageError(f'cannot connect to the cluster "{name}": {_describe(exc)}', hint=_FORMS) from exc


def _require_file(text: str) -> str:
    if not os.path.isfile(text):
        raise UsageError(f'there is no scheduler file "{text}"', hint="start one: dask scheduler --scheduler-file FILE")
    try:
        address = json.loads(Path(text).read_bytes())["address"]
    except (OSError, ValueError, LookupError, TypeError):
        address = None
    if not isinstance(address, str):
        raise UsageError(f'"{text}" is no scheduler file: it says no address', hint=_FORMS)
    return text


def _call_factory(text: str, module: str, name: str) -> Any:
    try:
        factory: Any = importlib.import_module(module)
        for part in name.split("."):
            factory = getattr(factory, part)
    except (ImportError, AttributeError) as exc:
        raise UsageError(f'cannot import the cluster "{text}": {exc}', hint=_FORMS) from exc
    try:
        return factory() if callable(factory) else factory
    except (Exception, SystemExit) as exc:
        frames = traceback.extract_tb(exc.__traceback__)
        hint = f"raised in {frames[-1].filename}, line {frames[-1].lineno}"
        raise UsageError(f'the cluster "{text}" cannot be made: {_describe(exc)}', hint=hint) from exc


def _adopt(found: Any, *, is_made_here: bool, name: str) -> Connection:
    """A connection to a cluster object, or by a client that somebody else made."""
    from distributed import Client

    if isinstance(found, Client):
        if found.asynchronous:
            raise UsageError(f"{name} gives a client that is asynchronous", hint="make it with asynchronous=False")
        return Connection(found, None, is_made_here)
    if not hasattr(found, "scheduler_address"):
        raise UsageError(f"{name} gives no cluster but {type(found).__name__}", hint="return a Dask cluster or Client")
    return Connection(_open_client(name, found), found if is_made_here else None, True)


def list_workers(client: Any) -> dict[str, dict[str, Any]]:
    """What the scheduler knows of each worker, by address."""
    # later releases list five workers unless they are asked for all
    takes_count = "n_workers" in inspect.signature(client.scheduler_info).parameters
    found: dict[str, dict[str, Any]] = client.scheduler_info(**({"n_workers": -1} if takes_count else {}))["workers"]
    return found


def end(connection: Connection, calls: list[Any], session: Session, *, is_killing: bool) -> None:
    """Close what was opened for a run, and leave the rest as it was.

    Args:
        calls: futures of what is still under way.
        is_killing: do not wait for those.
    """
    client, local, cluster = connection.client, connection.local, connection.cluster
    with _quiet() if is_killing else contextlib.nullcontext():
        if local is not None and is_killing:
            local.kill()
        elif cluster is not None and is_killing:
            kill_workers(cluster)
        elif local is None:
            within(_LEAVE_TIMEOUT_S, _leave, connection, calls, session)
        if connection.is_client_ours:
            within(_CLOSE_TIMEOUT_S, client.close, timeout=_CLOSE_TIMEOUT_S)
        if cluster is not None:
            within(_CLOSE_TIMEOUT_S, cluster.close, timeout=_CLOSE_TIMEOUT_S)
        if local is not None:
            local.close()


def _leave(connection: Connection, calls: list[Any], session: Session) -> None:
    client = connection.client
    client.unsubscribe_topic(session.name)
    client.unforward_logging()
    if connection.cluster is None:
        client.cancel(calls, force=True)
        client.run(leave, session.name, wait=False)


def within(timeout_s: float, action: Callable[..., object], *args: Any, **kwargs: Any) -> None:
    """Do something that may fail because the cluster is gone already, and does not always know that."""

    def attempt() -> None:
        with contextlib.suppress(Exception):
            action(*args, **kwargs)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(timeout_s)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Dask and asyncio complain of workers that vanish; here that is what is wanted."""
    names = [name for name in logging.root.manager.loggerDict if f"{name}.".startswith("distributed.")]
    loggers = [logging.getLogger(name) for name in ("asyncio", "tornado.application", "distributed", *names)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _describe(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split()) if str(error) else type(error).__name__
