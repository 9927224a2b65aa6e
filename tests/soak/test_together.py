"""Many processes and threads on one store: nothing is lost, nothing hangs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hydra_cached.store import Store
from hydra_cached.store.upkeep import Upkeep
from tests.soak.rounds import rounds
from tests.soak.values import key, value_of

pytestmark = pytest.mark.timeout(3600)
_ROOT = Path(__file__).parents[2]
_PROCESSES = 8
_WRITER = """
import random, sys
from hydra_cached.store import Store
from tests.soak.values import key, value_of
from tests.store.entries import key_of, put
first, count = int(sys.argv[2]), int(sys.argv[3])
generator = random.Random(first)
with Store(sys.argv[1]) as store:
    for number in range(first, first + count):
        size = generator.choice([50, 50, 5000, 50_000])
        put(store, value_of(number, size), number)
        store.link(key_of(number + 0x20000), key(number))
        store.record_hits({key(number): (1, 0.5)})
        # what all of them want at once
        put(store, "shared", 0xF0000 + number % 50)
        entry = store.get(key(generator.randrange(first, number + 1)))
        assert entry is not None
        store.load(entry)
"""
_KEEPER = """
import sys
from pathlib import Path
from hydra_cached.store import Store
from hydra_cached.store.garbage import Limits
from hydra_cached.store.upkeep import Upkeep
with Store(sys.argv[1]) as store:
    while not Path(sys.argv[2]).exists():
        Upkeep(store).collect(Limits(max_age_s=1e12))
        problems = Upkeep(store).verify(is_repairing=True).problems
        assert not problems, problems
"""
_THREADS_AND_FORK = """
import os, sys, threading
from hydra_cached.store import Store
from tests.soak.values import key, value_of
from tests.store.entries import put
store = Store(sys.argv[1])
count = int(sys.argv[2])
put(store, b"parent" * 20_000, 1)

def work(first):
    for number in range(first, first + count):
        put(store, value_of(number, 100 if number % 3 else 50_000), number)
        entry = store.get(key(number))
        assert store.load(entry) == value_of(number, 100 if number % 3 else 50_000)
    store.close()

def work_in_threads(first):
    failed = []
    def guarded(first):
        try:
            work(first)
        except BaseException as exc:
            failed.append(exc)
    threads = [threading.Thread(target=guarded, args=(first + 10_000 * each,)) for each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed

child = os.fork()
work_in_threads(100_000 if child else 200_000)
if not child:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(len(store.summaries()))
"""


def _start(script: str, *arguments: str) -> subprocess.Popen[str]:
    program = [sys.executable, "-c", script, *arguments]
    return subprocess.Popen(program, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_mixed_writes_of_many_processes_are_all_there(tmp_path: Path) -> None:
    count = rounds(25, 1000)
    directory = tmp_path / "cache"
    Store(directory).close()
    keeper = _start(_KEEPER, str(directory), str(tmp_path / "done"))
    writers = [_start(_WRITER, str(directory), str(10_000 * each), str(count)) for each in range(1, _PROCESSES + 1)]
    for writer in writers:
        _, errors = writer.communicate()
        assert writer.returncode == 0, errors
    (tmp_path / "done").touch()
    _, errors = keeper.communicate()
    assert keeper.returncode == 0, errors
    with Store(directory) as store:
        numbers = [each * 10_000 + number for each in range(1, _PROCESSES + 1) for number in range(count)]
        for number in numbers:
            entry = store.get(key(number))
            assert entry is not None
            value = store.load(entry)
            assert value == value_of(number, len(value) - 8)
            assert store.find(f"{number + 0x20000:08x}" + "5a" * 28) is not None
        hits = {summary.key: summary.hits for summary in store.summaries()}
        assert all(hits[key(number)] == 1 for number in numbers)
        assert len(hits) == len(numbers) + min(50, count)
        assert Upkeep(store).verify(is_repairing=False).problems == ()
    print(f"{len(numbers)} of {_PROCESSES * count} writes are there")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_threads_of_a_process_and_of_its_fork_with_the_same_open_store_lose_nothing(tmp_path: Path) -> None:
    count = rounds(15, 500)
    run = _start(_THREADS_AND_FORK, str(tmp_path / "cache"), str(count))
    out, errors = run.communicate()
    assert run.returncode == 0, errors
    assert int(out) == 8 * count + 1
