"""Files that one call of a run writes and another reads: cold and warm runs give the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hydra_cached import RunOptions, Store, run

TARGETS = """
import os
import time
from pathlib import Path

def write(path, text):
    Path(path).write_text(text)
    return len(text)

def read(path, after=None):
    return Path(path).read_text()

def write_late(path, text):
    Path("draft").write_text("draft")
    os.rename("draft", path)
    while not Path("is_read").exists():
        time.sleep(0.01)
    Path(path).write_text(text)
    Path("is_written").touch()
    return text

def read_late(path):
    while not Path(path).exists():
        time.sleep(0.01)
    text = Path(path).read_text()
    Path("is_read").touch()
    while not Path("is_written").exists():
        time.sleep(0.01)
    time.sleep(1)
    return text

def shout(text):
    return text.upper()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "files_of_runs.py").write_text(TARGETS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"_target_": f"files_of_runs.{name}", **arguments}


def make(text: str) -> dict[str, Any]:
    return {
        "written": call("write", path="out.txt", text=text),
        "plain": call("read", path="out.txt"),
        "shouted": call("shout", text=call("read", path="out.txt")),
        "twice": {"a": call("shout", text="${shouted}"), "b": call("shout", text="${plain}")},
    }


def statuses(config: dict[str, Any], store: Store, *, jobs: int = 1) -> tuple[Any, dict[str, str]]:
    report = run(config, store=store, options=RunOptions(jobs=jobs))
    assert report.error is None
    return report.value, {node.path: node.status for node in report.nodes}


def test_what_is_read_after_it_was_written_is_not_that_of_an_earlier_run(tmp_path: Path) -> None:
    with Store(tmp_path / "store") as store:
        for text in ("one", "two", "one", "three"):
            value, _ = statuses(make(text), store)
            assert value == {
                "written": len(text),
                "plain": text,
                "shouted": text.upper(),
                "twice": {"a": text.upper(), "b": text.upper()},
            }
        _, again = statuses(make("three"), store)
        assert set(again.values()) <= {"hit", "skipped"}


def test_a_file_that_others_read_too_keeps_what_reads_it_reused(tmp_path: Path) -> None:
    Path("data.txt").write_text("data")
    with Store(tmp_path / "store") as store:
        for after in (1, 2):
            config = {
                "changed": call("read", path="data.txt", after=after),
                "same": call("shout", text=call("read", path="data.txt")),
            }
            value, found = statuses(config, store)
            assert value == {"changed": "data", "same": "DATA"}
        assert found == {"changed": "ran", "same": "hit", "same.text": "skipped"}


def test_a_file_that_another_call_made_meanwhile_is_no_output(tmp_path: Path) -> None:
    def make(text: str) -> dict[str, Any]:
        return {
            "written": call("write_late", path="late.txt", text=text),
            "read": call("read_late", path="late.txt"),
        }

    with Store(tmp_path / "store") as store:
        # both at once: the reader has read before the writer is done, and is done after it
        value, _ = statuses(make("text"), store, jobs=2)
        assert value == {"written": "text", "read": "draft"}
        value, _ = statuses({"read": make("text")["read"]}, store)
        assert value == {"read": "text"}
