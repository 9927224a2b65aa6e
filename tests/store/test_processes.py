"""Several processes and threads on one store: nothing is lost and nothing hangs."""

from __future__ import annotations

import os
import pickle
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hydra_cached.errors import StoreError
from hydra_cached.store import Store
from hydra_cached.store.index import Index
from tests.store.entries import database, key_of, put

_ROOT = Path(__file__).parents[2]
_WRITER = """
import sys
from hydra_cached.store import Store
from tests.store.entries import put
first = int(sys.argv[2])
with Store(sys.argv[1]) as store:
    for number in range(first, first + 60):
        put(store, bytes([number % 250]) * (50_000 if number % 10 == 0 else 50), number)
        put(store, "shared", 5000 + number % 60)
"""


def _start(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments], cwd=_ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_processes_that_create_and_fill_a_store_at_once_lose_nothing(tmp_path: Path) -> None:
    writers = [_start(_WRITER, str(tmp_path / "cache"), str(first)) for first in (100, 200, 300)]
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 0, errors
    with Store(tmp_path / "cache") as store:
        assert len(store.summaries()) == 3 * 60 + 60
        for first in (100, 200, 300):
            for number in range(first, first + 60):
                entry = store.get(key_of(number))
                assert entry is not None
                assert store.load(entry)[0] == number % 250


def test_threads_share_a_store(store: Store) -> None:
    failures: list[BaseException] = []

    def work(first: int) -> None:
        try:
            for number in range(first, first + 25):
                put(store, b"x" * 40_000 + bytes([number % 7]), number)
                entry = store.get(key_of(number))
                assert entry is not None
                assert store.load(entry)[-1] == number % 7
        except BaseException as error:
            failures.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=work, args=(first,)) for first in range(100, 500, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert len(store.summaries()) == 100


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_child_uses_an_open_store(tmp_path: Path) -> None:
    script = """
import os, sys
from hydra_cached.store import Store
from tests.store.entries import key_of, put
store = Store(sys.argv[1])
put(store, b"parent" * 1_000_000, 1)
child = os.fork()
for number in range(10):
    put(store, bytes([number]) * 5_000_000, (100 if child else 200) + number)
assert store.load(store.get(key_of(1)))[:6] == b"parent"
if not child:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print(len(store.summaries()))
"""
    run = _start(script, str(tmp_path / "cache"))
    out, errors = run.communicate(timeout=60)
    assert out.strip() == "21", errors


def test_pickled_store_opens_the_same_directory(store: Store) -> None:
    info = put(store, 1)
    with pickle.loads(pickle.dumps(store)) as copy:
        assert copy.directory == store.directory
        assert copy.get(info.key) is not None


def test_closed_store_opens_again(store: Store) -> None:
    info = put(store, 1)
    store.close()
    assert store.get(info.key) is not None


def test_reading_goes_on_while_another_process_writes(store: Store) -> None:
    info = put(store, 1)
    with database(store) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert store.find(info.recipe_key or "") is not None
        assert len(store.summaries()) == 1
        connection.execute("ROLLBACK")


def test_writing_to_an_index_that_stays_locked_is_a_store_error(tmp_path: Path) -> None:
    index = Index(tmp_path / "index", busy_timeout_s=0.05)
    holder = sqlite3.connect(tmp_path / "index" / "cache.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        index.write(lambda: index.set("aa", b"value"))
    holder.execute("ROLLBACK")
    index.write(lambda: index.set("aa", b"value"))
    assert index.get("aa") == (b"value", 1, None)
    holder.close()
    index.close()


def test_reading_from_an_index_that_stays_locked_is_a_miss(tmp_path: Path) -> None:
    index = Index(tmp_path / "index", busy_timeout_s=0.05)
    index.write(lambda: index.set("aa", b"value"))
    index.close()
    holder = sqlite3.connect(tmp_path / "index" / "cache.db", isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    holder.execute("UPDATE Cache SET access_count = 1")
    assert index.get("aa") is None
    with pytest.raises(StoreError, match="locked"):
        index.scan("SELECT key FROM Cache")
    holder.execute("ROLLBACK")
    holder.close()
    assert index.get("aa") == (b"value", 1, None)
    index.close()


def test_interrupt_inside_a_transaction_leaves_nothing_locked_and_nothing_half_done(tmp_path: Path) -> None:
    index = Index(tmp_path / "index", busy_timeout_s=0.05)

    def interrupted() -> None:
        index.set("aa", b"value")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.write(interrupted)
    other = Index(tmp_path / "index", busy_timeout_s=0.05)
    assert other.get("aa") is None
    other.write(lambda: other.set("bb", b"value"))
    other.close()
    index.close()
