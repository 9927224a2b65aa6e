"""Claims: one of several computes a result, whatever becomes of it, and nothing is left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hydra_cached.store.locks import Claims, Turn
from tests.store.entries import key_of

_ROOT = Path(__file__).parents[2]
_HOLDER = """
import os, sys, time
from pathlib import Path
from hydra_cached.store.locks import Claims
claim = Claims(Path(sys.argv[1])).claim(sys.argv[2])
print("held" if claim else "refused", flush=True)
if len(sys.argv) > 3 and os.fork() == 0:
    time.sleep(60)
    os._exit(0)
sys.stdin.read()
"""


@pytest.fixture
def claims(tmp_path: Path) -> Claims:
    return Claims(tmp_path / "locks")


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts processes that hold the claim of a key until they end."""
    started: list[subprocess.Popen[str]] = []

    def start(key: str, *words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", _HOLDER, str(tmp_path / "locks"), key, *words],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_claim_excludes_other_processes_until_it_is_released(claims: Claims, tmp_path: Path) -> None:
    def ask() -> str:
        arguments = [sys.executable, "-c", _HOLDER, str(tmp_path / "locks"), key_of(1)]
        run = subprocess.run(arguments, cwd=_ROOT, input="", capture_output=True, text=True, check=True)
        return run.stdout

    claim = claims.claim(key_of(1))
    assert claim is not None
    assert claim.is_guarded
    assert ask() == "refused\n"
    claim.release()
    claim.release()
    assert ask() == "held\n"


def test_other_keys_are_free(claims: Claims, hold: Callable[..., subprocess.Popen[str]]) -> None:
    hold(key_of(1))
    assert claims.claim(key_of(1)) is None
    free = claims.claim(key_of(2))
    assert free is not None
    free.release()


def test_holder_is_known_by_its_process(claims: Claims, hold: Callable[..., subprocess.Popen[str]]) -> None:
    holder = hold(key_of(1))
    assert claims.holder(key_of(1)) == holder.pid
    assert claims.holder(key_of(2)) is None
    with claims.claim(key_of(2)) or pytest.fail("it is free"):
        assert claims.holder(key_of(2)) == os.getpid()


def test_dead_holder_hands_over(claims: Claims, hold: Callable[..., subprocess.Popen[str]]) -> None:
    holder = hold(key_of(1))
    told: list[int | None] = []

    def kill(pid: int | None) -> None:
        told.append(pid)
        holder.kill()

    with claims.computing(key_of(1), timeout_s=60, on_wait=kill) as turn:
        assert turn == Turn(is_mine=True, has_waited=True)
        assert claims.holder(key_of(1)) == os.getpid()
    assert told == [holder.pid]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_child_that_outlives_the_holder_does_not_hold_on(
    claims: Claims, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    holder = hold(key_of(1), "with a child")
    holder.kill()
    holder.wait()
    claim = None
    deadline = time.monotonic() + 30
    while claim is None and time.monotonic() < deadline:
        claim = claims.claim(key_of(1))
    assert claim is not None
    claim.release()


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="signals of POSIX")
def test_stopped_holder_is_named_and_waited_for_so_long_and_no_longer(
    claims: Claims, hold: Callable[..., subprocess.Popen[str]]
) -> None:
    holder = hold(key_of(1))
    holder.send_signal(signal.SIGSTOP)
    told: list[int | None] = []
    started = time.monotonic()
    with claims.computing(key_of(1), timeout_s=0.3, on_wait=told.append) as turn:
        assert time.monotonic() - started >= 0.3
        assert turn == Turn(is_mine=False, has_waited=True)
    assert told == [holder.pid]
    assert claims.claim(key_of(1)) is None, "it still is the other's"


def test_one_thread_at_a_time_has_its_turn(claims: Claims) -> None:
    turns: list[Turn] = []
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        with claims.computing(key_of(1), timeout_s=60) as turn:
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.02)
            inside.pop()
            turns.append(turn)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == [1] * 6
    assert all(turn.is_mine for turn in turns)
    assert sum(turn.has_waited for turn in turns) == 5


def test_thread_does_not_wait_for_itself(claims: Claims) -> None:
    with (
        claims.computing(key_of(1), timeout_s=60) as outer,
        claims.computing(key_of(1), timeout_s=60) as inner,
    ):
        assert outer == Turn(is_mine=True, has_waited=False)
        assert inner == Turn(is_mine=False, has_waited=False)
    assert claims.holder(key_of(1)) is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_child_has_no_claim_of_its_parent_and_takes_none_away(claims: Claims) -> None:
    with claims.claim(key_of(1)) or pytest.fail("it is free") as claim:
        child = os.fork()
        if not child:
            is_right = claims.claim(key_of(1)) is None
            claim.release()
            is_right = is_right and claims.claim(key_of(1)) is None and claims.claim(key_of(2)) is not None
            os._exit(0 if is_right else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert claims.holder(key_of(1)) == os.getpid()


def test_nothing_piles_up(claims: Claims, tmp_path: Path) -> None:
    held = [claims.claim(f"{number:08x}" + "5a" * 28) for number in range(0, 2**32, 2**22)]
    assert all(held)
    assert len(held) == 1024
    for claim in held:
        assert claim is not None
        claim.release()
    assert [(path.name, path.stat().st_size) for path in (tmp_path / "locks").iterdir()] == [("computing", 0)]


def test_many_stores_do_not_use_up_handles(tmp_path: Path) -> None:
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("needs /proc")
    kept = Claims(tmp_path / "kept").claim(key_of(1))
    before = len(list(folder.iterdir()))
    for number in range(100):
        claim = Claims(tmp_path / str(number)).claim(key_of(1))
        assert claim is not None
        claim.release()
    assert len(list(folder.iterdir())) < before + 30
    assert kept is not None
    assert Claims(tmp_path / "kept").holder(key_of(1)) == os.getpid()
    kept.release()


def test_where_no_lock_can_be_made_everybody_may_compute(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("a file where the folder should be")
    claims = Claims(tmp_path / "locks")
    first, second = claims.claim(key_of(1)), claims.claim(key_of(1))
    assert first is not None
    assert second is not None
    assert not first.is_guarded
    with claims.computing(key_of(1), timeout_s=60) as turn:
        assert turn == Turn(is_mine=False, has_waited=False)


def test_deleted_lock_file_is_made_again(claims: Claims, tmp_path: Path) -> None:
    with claims.claim(key_of(1)) or pytest.fail("it is free"):
        (tmp_path / "locks" / "computing").unlink()
        with claims.claim(key_of(2)) or pytest.fail("it is free"):
            assert claims.holder(key_of(2)) == os.getpid()
