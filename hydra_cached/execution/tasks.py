"""One call as a worker gets it, and what the worker says of it. Makes the call; knows no graph and no index."""

from __future__ import annotations

import contextlib
import os
import pickle
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from hydra_cached.errors import EntryError, HydraCachedError, NotDigestibleError, NotSerializableError
from hydra_cached.execution.carrying import pack_error
from hydra_cached.execution.seen import Seen, digest_result
from hydra_cached.execution.staging import StagedValue, begin_staging, stage
from hydra_cached.execution.worker import is_consumed_once, try_target
from hydra_cached.execution.writes import WriteWatch
from hydra_cached.fingerprint import (
    CarriedCode,
    CodeFingerprints,
    digest_value,
    identity_objects,
    is_immutable,
    is_plain,
)
from hydra_cached.graph import Items, Place, Raw, Ref, bind_call
from hydra_cached.graph.expression import copy_raw
from hydra_cached.keys import find_mentions
from hydra_cached.store import EntryInfo, dump_value, seal_entry
from hydra_cached.targets import ArgumentGuard, Marks


@dataclass(frozen=True, slots=True)
class Task:
    """One call.

    Attributes:
        place: the call; the calls in its arguments are numbered stand-ins.
        arguments: their values, by number.
        positions: position -> number, where an argument may be held by the value.
        watched: numbers of the arguments that others use too, with their content digests.
        code: fingerprint of the target's code as the client has it loaded; "" where nothing is stored.
        info: what is known of the result before the call, for the object file; None where it is not to be stored.
        store_id: identity of the store that the object file belongs to.
        folder: where object files go, absolute.
        paths: files of which it must be known whether the call writes them.
        retries: how often it may be made again after it raised.
        is_durable: what is written survives a power cut.
        names_files: what the call does to the files that it names is a part of what is known of its result.
    """

    place: Place
    arguments: dict[int, StagedValue]
    positions: dict[str, int]
    watched: dict[int, str]
    code: str
    info: EntryInfo | None
    store_id: bytes
    folder: str
    paths: tuple[str, ...]
    retries: int
    is_durable: bool = False
    names_files: bool = False


@dataclass(slots=True)
class Done:
    """What a worker says of a call.

    Attributes:
        staged: its value; None where it has none to give.
        seconds: time of the call.
        seen: what was found out about the value.
        held: positions of the arguments whose objects the value holds.
        changed: numbers of watched arguments that the call changed in place.
        written: files among those to watch that it wrote.
        error: what it raised, pickled; b"" where it did not.
        impossible: why it must be made by the client instead, "" where it need not.
        failed_tries: what tries raised before.
    """

    staged: StagedValue | None = None
    seconds: float = 0.0
    seen: Seen = field(default_factory=Seen)
    held: tuple[str, ...] = ()
    changed: tuple[int, ...] = ()
    written: tuple[str, ...] = ()
    error: bytes = b""
    impossible: str = ""
    failed_tries: tuple[str, ...] = ()


def run_task(packed: bytes) -> Done:
    """Make the call of a packed `Task`. Never raises what the user's code raises."""
    try:
        found: Task | StagedValue = pickle.loads(packed)
        task: Task = found.load() if isinstance(found, StagedValue) else found
        if task.code and _code().of_called(task.place.target) != task.code:
            return Done(impossible="its code was edited since the run began")
        values = {number: staged.load() for number, staged in task.arguments.items()}
    except (EntryError, NotDigestibleError) as exc:
        return Done(impossible=exc.message)
    except (Exception, SystemExit) as exc:
        # what cannot be unpickled here: a module that only the client has, or that ends its process
        return Done(impossible=f"{type(exc).__name__}: {exc}")
    try:
        with _same_folder():
            return _call(task, values)
    except KeyboardInterrupt as exc:
        # raised by the target: Ctrl-C does not reach a worker
        return Done(error=pack_error(exc))


@contextlib.contextmanager
def _same_folder() -> Iterator[None]:
    """Come back where a call leaves the working directory: paths of the next one start from there."""
    try:
        folder = os.getcwd()
    except OSError:
        # somebody has deleted it
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.chdir(folder)


def _call(task: Task, values: dict[int, Any]) -> Done:
    done = Done()
    try:
        call = bind_call(task.place, lambda place: values[place.index])
    except Exception as exc:
        return Done(error=pack_error(exc), impossible="" if not isinstance(exc, HydraCachedError) else str(exc))
    failed_tries: list[str] = []
    with WriteWatch(task.paths) as watch:
        outcome = try_target(call, task.retries, failed_tries.append)
    done.seconds, done.failed_tries = outcome.seconds, tuple(failed_tries)
    done.written = tuple(watch.written)
    if outcome.error is not None:
        done.error = pack_error(outcome.error)
        return done
    value = outcome.value
    done.changed = tuple(number for number, digest in task.watched.items() if _is_changed(values[number], digest))
    if is_consumed_once(value):
        done.impossible = "it gives an iterator, which cannot leave its process"
        return done
    try:
        payload = dump_value(value)
    except NotSerializableError as exc:
        done.impossible = exc.message
        return done
    begin_staging(payload, task.folder)
    try:
        with payload.sharing_digests():
            _look_at(task, value, values, done)
        note = b""
        # of what may hold arguments, or have files or code for conditions, the client says all beside the object
        is_all_known = not task.names_files and done.seen.is_plain and not done.seen.mentions and not done.seen.met
        if task.info is not None and is_all_known and not payload.is_inline:
            info = replace(
                task.info,
                seconds=done.seconds,
                created_s=time.time(),
                content_digest=done.seen.content_digest,
                is_plain=True,
            )
            note = seal_entry(info, payload, task.store_id)
        done.staged = stage(payload, task.folder, note, is_durable=task.is_durable)
    except HydraCachedError as exc:
        done.impossible = exc.message
    finally:
        payload.discard_draft()
    return done


def _look_at(task: Task, value: Any, values: dict[int, Any], done: Done) -> None:
    seen = done.seen = Seen(mentions=find_mentions(value), is_plain=is_plain(value))
    if task.code:
        carried = CarriedCode(_code())
        seen.content_digest, seen.problem = digest_result(value, carried)
        seen.met = carried.met
    if seen.is_plain:
        return
    own = identity_objects(value)
    changed = set(done.changed)
    done.held = tuple(
        position
        for position, number in task.positions.items()
        if number not in changed
        and not is_plain(values[number])
        and not own.keys().isdisjoint(identity_objects(values[number]))
    )


def _is_changed(value: Any, digest: str) -> bool:
    if is_immutable(value):
        return False
    try:
        return digest_value(value, _code()) != digest
    except (NotDigestibleError, RecursionError):
        return True


def forget_code() -> None:
    """Modules were imported anew: what is known of their code does not hold."""
    _code.cache_clear()


@lru_cache(maxsize=1)
def _code() -> CodeFingerprints:
    return CodeFingerprints()


# --- calls without their graph ----------------------------------------------------------------------------------------


def detach(place: Place) -> Place:
    """The call by itself: the calls in its arguments become stand-ins, numbered as ``place.children`` are."""
    stand_ins = {child: _stand_in(number) for number, child in enumerate(place.children)}
    args = place.args
    return Place(
        0,
        place.target,
        place.target_id,
        tuple([_detach(each, stand_ins) for each in args]) if isinstance(args, tuple) else _detach(args, stand_ins),
        {name: _detach(each, stand_ins) for name, each in place.kwargs.items()},
        place.convert,
        place.is_partial,
        Marks(is_materialized=place.declared.is_materialized),
        # in one piece: links of deep configs cannot be pickled
        None if place.link is None else (None, ".".join(map(str, place.path))),
        None,
        tuple(stand_ins.values()) if place.guard is not None else (),
        place.is_leaf,
        guard=None if place.guard is None else ArgumentGuard(place.guard.policy),
    )


def _detach(expression: Any, stand_ins: dict[Place, Place]) -> Any:
    kind = type(expression)
    if kind is Ref:
        return Ref(stand_ins[expression.place], expression.convert)
    if kind is Raw:
        return Raw(copy_raw(expression), expression.convert)
    if kind is Items:
        return replace(expression, values=tuple([_detach(each, stand_ins) for each in expression.values]))
    return expression


def _stand_in(number: int) -> Place:
    return Place(number, None, "", (), {}, "none", False, Marks(), None, None, (), True)
