"""Nothing that somebody else put into the cache directory ever runs."""

from __future__ import annotations

import json
import pickle
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hydra_cached.store import Entry, Store
from hydra_cached.store.record import ENTRY, pack_entry
from hydra_cached.store.seal import Seal
from tests.cli.pipelines import RESULT, document
from tests.conftest import RunCli

_KEY = "the user's own key"


class _Canary:
    """Leaves a file behind wherever it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return open, (str(self.path), "w")


@pytest.fixture
def filled(folder: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HYDRA_CACHED_KEY", _KEY)
    run_cli("run", "conf", "-p")
    return folder


def _root_entry(folder: Path) -> tuple[Entry, bytes]:
    """The entry of the pipeline's result, and the id of the store."""
    with Store(folder / "cache") as store:
        (summary,) = store.summaries(target_glob="steps.total")
        entry = store.get(summary.key)
        assert entry is not None
        return entry, store.store_id


def _change_row(folder: Path, row_key: str, **columns: Any) -> None:
    with closing(sqlite3.connect(folder / "cache" / "index" / "cache.db", isolation_level=None)) as connection:
        for name, content in columns.items():
            connection.execute(f"UPDATE Cache SET {name} = ? WHERE key = ?", (content, row_key))


def _forge_with_another_key(folder: Path, evil: bytes) -> None:
    entry, store_id = _root_entry(folder)
    row_key = ENTRY + entry.key
    body = pack_entry(entry.info, "pickle", len(evil), evil, None)
    _change_row(folder, row_key, value=Seal(b"attacker" * 4, store_id).wrap(row_key, body))


def _set_pickle_mode(folder: Path, evil: bytes) -> None:
    entry, _ = _root_entry(folder)
    _change_row(folder, ENTRY + entry.key, value=evil, mode=4)


def _name_a_file(folder: Path, evil: bytes) -> None:
    entry, _ = _root_entry(folder)
    (folder / "cache" / "index" / "evil.val").write_bytes(evil)
    _change_row(folder, ENTRY + entry.key, value=None, mode=4, filename="evil.val")


def _add_pickled_key(folder: Path, evil: bytes) -> None:
    _set_pickle_mode(folder, evil)
    with closing(sqlite3.connect(folder / "cache" / "index" / "cache.db", isolation_level=None)) as connection:
        connection.execute("INSERT INTO Cache(key, raw, mode, value) VALUES (?, 0, 4, ?)", (evil, evil))


def _swap(folder: Path, evil: bytes) -> None:
    """Give the result the sealed row of another one."""
    entry, _ = _root_entry(folder)
    with closing(sqlite3.connect(folder / "cache" / "index" / "cache.db", isolation_level=None)) as connection:
        statement = "SELECT value FROM Cache WHERE tag = 'steps.load' AND key LIKE '01%'"
        ((value,),) = connection.execute(statement).fetchall()
    _change_row(folder, ENTRY + entry.key, value=value)


@pytest.mark.parametrize("forge", [_forge_with_another_key, _set_pickle_mode, _name_a_file, _add_pickled_key, _swap])
def test_forged_result_is_computed_again_and_no_command_runs_it(
    filled: Path, run_cli: RunCli, forge: Callable[[Path, bytes], None]
) -> None:
    canary = filled / "canary"
    evil = pickle.dumps(_Canary(canary))
    forge(filled, evil)
    key = _key_of_root(filled)
    for command in (
        ("cache", "ls"),
        ("cache", "show", key, "--value"),
        ("cache", "verify"),
        ("cache", "export", "archive"),
        ("run", "conf", "-p", "-n"),
    ):
        done = run_cli(*command)
        assert "Traceback" not in done.stderr
        assert not canary.exists(), command
    done = run_cli("run", "conf", "-p", "--json")
    assert document(done)["result"] == str(RESULT)
    (root,) = (node for node in document(done)["nodes"] if node["path"] == "")
    assert (root["status"], root["reason"]["code"]) == ("ran", "entry_untrusted")
    assert not canary.exists()
    assert document(run_cli("run", "conf", "-p", "--json"))["summary"]["hit"] == 1


def _key_of_root(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "cache" / "index" / "cache.db")) as connection:
        rows = connection.execute("SELECT key FROM Cache WHERE tag = 'steps.total' AND key LIKE '01%'").fetchall()
    return str(rows[0][0][2:])


def test_canary_sings_when_it_is_unpickled(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(_Canary(tmp_path / "canary"))).close()
    assert (tmp_path / "canary").exists(), "or the tests above would prove nothing"


def test_results_of_another_key_are_not_reused_and_stay(filled: Path, run_cli: RunCli) -> None:
    theirs = {"HYDRA_CACHED_KEY": "another key"}
    done = run_cli("run", "conf", "-p", "--json", env=theirs)
    assert {node["reason"]["code"] for node in document(done)["nodes"]} == {"entry_untrusted"}
    listed = json.loads(run_cli("cache", "ls", "--json").stdout)
    assert len(listed) == 3
