"""Finds the cluster that is asked for, or starts one on this machine, and opens a client of it. Sends it no call."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import logging
import os
import signal
from dataclasses import dataclass
from typing import Any

from hydra_cached.errors import UsageError
from hydra_cached.execution.dask.worker import Session, leave

CONNECT_TIMEOUT_S = 10
_CLOSE_TIMEOUT_S = 5
_INSTALL = 'pip install "hydra-cached[dask]"'
_FORMS = "give tcp://host:port, a scheduler file, or module:factory"


@dataclass(frozen=True, slots=True)
class Connection:
    """A client of a cluster, and what is ours of it.

    Attributes:
        client: a `distributed.Client`.
        cluster: what was started for this run and ends with it, or None.
        is_client_ours: the client was made here.
        is_local: the workers are processes of this machine that were started here.
    """

    client: Any
    cluster: Any
    is_client_ours: bool
    is_local: bool

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
        return Connection(_open_client(text, text), None, True, False)
    if os.path.exists(text) or text.endswith(".json"):
        return Connection(_open_client(text, None, scheduler_file=_require_file(text)), None, True, False)
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
    import dask
    from distributed import Client, LocalCluster

    # started anew, never forked; a call whose workers died so often is given up, as without Dask
    settings = {"distributed.worker.multiprocessing-method": "spawn", "distributed.scheduler.allowed-failures": 2}
    try:
        with dask.config.set(settings):
            cluster = LocalCluster(
                n_workers=jobs,
                threads_per_worker=1,
                processes=True,
                # results are mapped files, which count as memory and need none
                memory_limit=0,
                # no dashboard, and what Dask serves instead of it not at a port that others want
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                silence_logs=logging.CRITICAL,
            )
    except (OSError, RuntimeError, TimeoutError) as exc:
        hint = 'a script that runs pipelines needs: if __name__ == "__main__"'
        raise UsageError(f"cannot start workers: {_describe(exc)}", hint=hint) from exc
    return Connection(Client(cluster, set_as_default=False), cluster, True, True)


def _open_client(name: str, address: Any, **options: Any) -> Any:
    from distributed import Client

    try:
        return Client(address, timeout=CONNECT_TIMEOUT_S, set_as_default=False, **options)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as exc:
        raise UsageError(f'cannot connect to the cluster "{name}": {_describe(exc)}', hint=_FORMS) from exc


def _require_file(text: str) -> str:
    if not os.path.isfile(text):
        raise UsageError(f'there is no scheduler file "{text}"', hint="start one: dask scheduler --scheduler-file FILE")
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
    except Exception as exc:
        raise UsageError(f'the cluster "{text}" cannot be made: {_describe(exc)}', hint="see its traceback") from exc


def _adopt(found: Any, *, is_made_here: bool, name: str) -> Connection:
    """A connection to a cluster object, or by a client that somebody else made."""
    from distributed import Client

    if isinstance(found, Client):
        if found.asynchronous:
            raise UsageError(f"{name} gives a client that is asynchronous", hint="make it with asynchronous=False")
        return Connection(found, None, is_made_here, False)
    if not hasattr(found, "scheduler_address"):
        raise UsageError(f"{name} gives no cluster but {type(found).__name__}", hint="return a Dask cluster or Client")
    return Connection(_open_client(name, found), found if is_made_here else None, True, False)


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
    client = connection.client
    with contextlib.suppress(Exception):
        # the cluster may be gone already
        client.unsubscribe_topic(session.name)
        client.unforward_logging()
    if connection.cluster is None:
        with contextlib.suppress(Exception):
            client.cancel(calls, force=True)
            client.run(leave, session.name, wait=False)
    elif connection.is_local and is_killing:
        _kill_workers(connection.cluster)
    if connection.is_client_ours:
        with contextlib.suppress(Exception):
            client.close(timeout=_CLOSE_TIMEOUT_S)
    if connection.cluster is not None:
        with contextlib.suppress(Exception):
            connection.cluster.close(timeout=_CLOSE_TIMEOUT_S)


def _kill_workers(cluster: Any) -> None:
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        pid = getattr(nanny, "pid", None)
        if pid is not None:
            with contextlib.suppress(OSError):
                os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def _describe(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split()) if str(error) else type(error).__name__
