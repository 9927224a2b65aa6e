"""Files that a call reads count by content; what it writes is known as its output. A real store, in one process."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hydra_cached import RunOptions, Store, run
from hydra_cached.errors import MissingInputError
from hydra_cached.events import Event, Warned
from hydra_cached.execution.report import NodeReport, RunReport
from tests.conftest import RunCli

STEPS = """
import os
import time
from pathlib import Path

def read(path):
    return Path(path).read_text()

def read_all(paths):
    return [Path(path).read_text() for path in paths]

def label(path):
    return {path: "a label", "other": "no file"}

def first(mapping):
    return next(iter(mapping))

def read_keys(mapping):
    return [Path(name).read_text() for name in mapping if "." in name]

def names(folder):
    return sorted(os.listdir(folder))

def write(path, text):
    Path(path).write_text(text)
    return str(path)

def write_unseen(path, text):
    os.system(f"printf '%s' '{text}' > {path}")
    return path

def append(path, text):
    with open(path, "a") as file:
        file.write(text)
    return len(text)

def find(label):
    return label

def slow(path, marker):
    text = Path(path).read_text()
    Path(marker).write_text("")
    os.system(f"printf 'edited meanwhile' > {path}")
    return text

def glue(a, b):
    return a + b

def make(folder):
    Path(folder).mkdir(exist_ok=True)
    for name in "ab":
        Path(folder, name).write_text(name)
    return sorted(map(str, Path(folder).iterdir()))

class Source:
    def __init__(self, stem):
        self.path = Path(f"{stem}.txt")

def use(source):
    return source.path.read_text()

def fill(folder):
    Path(folder).mkdir(exist_ok=True)
    Path(folder, "a.txt").write_text("a")
    return 1
"""


@pytest.fixture
def folder(project: Callable[[Mapping[str, str]], Path]) -> Path:
    return project({"steps.py": STEPS, "data.txt": "one"})


def call(name: str, **kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"steps.{name}", **kwargs}


def at(report: RunReport, path: str = "") -> NodeReport:
    return next(node for node in report.nodes if path in node.paths)


def outcome(report: RunReport, path: str = "") -> tuple[str, str]:
    node = at(report, path)
    return node.status, node.reason.code if node.reason else ""


def test_changed_content_of_an_input_file_is_a_miss(folder: Path, store: Store) -> None:
    config = call("read", path="data.txt")
    assert run(config, store=store).value == "one"
    assert outcome(run(config, store=store)) == ("hit", "")
    (folder / "data.txt").write_text("two")
    changed = run(config, store=store)
    assert changed.value == "two"
    assert outcome(changed) == ("ran", "input_file_changed")
    assert at(changed).reason.detail == "data.txt of argument path"  # type: ignore[union-attr]
    (folder / "data.txt").write_text("one")
    assert outcome(run(config, store=store)) == ("hit", "")


def test_touched_file_is_a_hit(folder: Path, store: Store) -> None:
    config = call("read", path="data.txt")
    run(config, store=store)
    os.utime(folder / "data.txt", (1, 1))
    assert outcome(run(config, store=store)) == ("hit", "")


def test_same_size_with_a_restored_mtime_is_seen(folder: Path, store: Store) -> None:
    config = call("read", path="data.txt")
    path = folder / "data.txt"
    old = time.time_ns() - 10_000_000_000
    os.utime(path, ns=(old, old))
    run(config, store=store)
    path.write_text("two")
    os.utime(path, ns=(old, old))
    assert run(config, store=store).value == "two"


@pytest.mark.parametrize("spelled", ["data.txt", "./data.txt", "sub/../data.txt", Path("data.txt")], ids=str)
def test_any_spelling_of_a_path_counts(folder: Path, store: Store, spelled: Any) -> None:
    (folder / "sub").mkdir()
    config = call("read", path=spelled)
    run(config, store=store)
    (folder / "data.txt").write_text("two")
    assert run(config, store=store).value == "two"


def test_files_in_containers_count(folder: Path, store: Store) -> None:
    config = {**call("read_all", paths=["data.txt", "data.txt"]), "_convert_": "all"}
    run(config, store=store)
    (folder / "data.txt").write_text("two")
    assert run(config, store=store).value == ["two", "two"]


@pytest.mark.parametrize("name", ["data.txt", Path("data.txt")], ids=["text", "path"])
def test_files_that_keys_of_mappings_name_count(folder: Path, store: Store, name: Any) -> None:
    # a key of a config is no path
    labels = {"data.txt": "a label", "other": "no file"} if name == "data.txt" else None
    configs = [call("read_all", paths=[call("first", mapping=call("label", path=name))])]
    configs += [] if labels is None else [{**call("read_keys", mapping=labels), "_convert_": "all"}]
    for config in configs:
        (folder / "data.txt").write_text("one")
        run(config, store=store)
        (folder / "data.txt").write_text("two")
        changed = run(config, store=store)
        assert (changed.value, outcome(changed)) == (["two"], ("ran", "input_file_changed"))


def test_file_that_another_call_names_counts_also_above_it(folder: Path, store: Store) -> None:
    config = call("glue", a=call("read", path=call("find", label="data.txt")), b="!")
    assert run(config, store=store).value == "one!"
    assert outcome(run(config, store=store)) == ("hit", "")
    (folder / "data.txt").write_text("two")
    changed = run(config, store=store)
    assert changed.value == "two!"
    assert outcome(changed, "a") == ("ran", "input_file_changed")
    again = run(config, store=store)
    assert (again.value, outcome(again)) == ("two!", ("hit", ""))


def test_new_root_above_an_old_result_notices_the_changed_file(folder: Path, store: Store) -> None:
    read = call("read", path=call("find", label="data.txt"))
    run(read, store=store)
    (folder / "data.txt").write_text("two")
    assert run(call("glue", a=read, b="!"), store=store).value == "two!"


def test_file_that_appears_later_is_a_miss(folder: Path, store: Store) -> None:
    config = call("find", label="later.txt")
    run(config, store=store)
    (folder / "later.txt").write_text("")
    assert outcome(run(config, store=store)) == ("ran", "input_file_changed")


def test_folder_does_not_count_unless_declared(folder: Path, store: Store) -> None:
    (folder / "in").mkdir()
    config = call("names", folder="in")
    assert run(config, store=store).value == []
    (folder / "in" / "a").write_text("")
    assert outcome(run(config, store=store)) == ("hit", "")
    declared = {**config, "_input_files_": ["folder"]}
    assert run(declared, store=store).value == ["a"]
    (folder / "in" / "b").write_text("")
    changed = run(declared, store=store)
    assert (changed.value, outcome(changed)) == (["a", "b"], ("ran", "input_file_changed"))


def test_glob_and_path_can_be_declared(folder: Path, store: Store) -> None:
    config = {**call("find", label="x"), "_input_files_": ["*.txt"]}
    run(config, store=store)
    assert outcome(run(config, store=store)) == ("hit", "")
    (folder / "other.txt").write_text("")
    assert outcome(run(config, store=store)) == ("ran", "input_file_changed")


def test_empty_list_of_inputs_switches_the_rule_off(folder: Path, store: Store) -> None:
    config = {**call("read", path="data.txt"), "_input_files_": []}
    run(config, store=store)
    (folder / "data.txt").write_text("two")
    stale = run(config, store=store)
    assert (stale.value, outcome(stale)) == ("one", ("hit", ""))


def test_declared_input_that_is_missing_fails_its_node_by_name(store: Store) -> None:
    report = run({"x": {**call("read", path="absent.txt"), "_input_files_": ["path"]}}, store=store)
    assert isinstance(report.error, MissingInputError)
    assert report.error.message == "input file absent.txt (argument path) of x is not there"
    assert outcome(report, "x")[0] == "failed"


def test_output_that_is_gone_or_changed_is_made_again(folder: Path, store: Store) -> None:
    config = call("write", path="out.txt", text="hello")
    run(config, store=store)
    assert outcome(run(config, store=store)) == ("hit", "")
    (folder / "out.txt").unlink()
    assert outcome(run(config, store=store)) == ("ran", "output_changed")
    assert (folder / "out.txt").read_text() == "hello"
    (folder / "out.txt").write_text("spoilt")
    assert outcome(run(config, store=store)) == ("ran", "output_changed")
    assert outcome(run(config, store=store)) == ("hit", "")


def test_output_below_a_root_is_made_again(folder: Path, store: Store) -> None:
    config = call("read", path=call("write", path="out.txt", text="hello"))
    run(config, store=store)
    (folder / "out.txt").unlink()
    report = run(config, store=store)
    assert (report.value, outcome(report)) == ("hello", ("cutoff", ""))
    assert outcome(report, "path") == ("ran", "output_changed")
    assert outcome(run(config, store=store)) == ("hit", "")


def test_file_that_was_there_before_and_is_written_is_an_output(folder: Path, store: Store) -> None:
    config = call("write", path="data.txt", text="hello")
    assert outcome(run(config, store=store)) == ("ran", "new")
    assert outcome(run(config, store=store)) == ("hit", "")
    other = call("write", path="data.txt", text="other")
    assert outcome(run(other, store=store)) == ("ran", "arguments_changed")
    assert outcome(run(other, store=store)) == ("hit", "")
    assert outcome(run(config, store=store)) == ("ran", "output_changed")
    assert (folder / "data.txt").read_text() == "hello"


def test_writer_that_python_does_not_see_is_known_once_it_made_a_file(folder: Path, store: Store) -> None:
    run(call("write_unseen", path="out.txt", text="a"), store=store)
    other = call("write_unseen", path="out.txt", text="b")
    assert outcome(run(other, store=store)) == ("ran", "arguments_changed")
    assert outcome(run(other, store=store)) == ("hit", "")


def test_input_that_somebody_changes_meanwhile_is_not_stored(folder: Path, store: Store) -> None:
    seen: list[Event] = []
    config = call("slow", path="data.txt", marker="marker.txt")
    report = run(config, store=store, listener=seen.append)
    assert report.value == "one"
    assert not at(report).is_stored
    [warning] = [event for event in seen if isinstance(event, Warned)]
    assert "data.txt changed while it ran" in warning.message
    assert run(config, store=store).value == "edited meanwhile"


def test_file_that_an_earlier_call_writes_is_read_as_it_is_then(folder: Path, store: Store) -> None:
    config = {"a": call("write", path="data.txt", text="new"), "b": call("read", path="data.txt")}
    report = run(config, store=store)
    assert report.value["b"] == "new"
    assert outcome(run(config, store=store), "b") == ("hit", "")


@pytest.mark.parametrize("jobs", [1, 2])
def test_file_that_was_made_again_by_the_call_that_names_it_is_read_anew(folder: Path, store: Store, jobs: int) -> None:
    """The call gives the same name as before; what lies there is another text."""
    options = RunOptions(jobs=jobs)
    for text in ("one", "two"):
        config = call("read", path=call("write", path="made.txt", text=text))
        report = run(config, store=store, options=options)
        assert (report.value, outcome(report)[0]) == (text, "ran")
        (folder / "made.txt").unlink()
    report = run(config, store=store, options=options)
    assert (report.value, outcome(report, "path")) == ("two", ("ran", "output_changed"))
    assert outcome(report)[0] in ("hit", "cutoff")


def test_declared_output_folder_is_watched(folder: Path, store: Store) -> None:
    config = {**call("fill", folder="out"), "_output_files_": ["folder"]}
    run(config, store=store)
    assert outcome(run(config, store=store)) == ("hit", "")
    (folder / "out" / "a.txt").unlink()
    assert outcome(run(config, store=store)) == ("ran", "output_changed")


def test_files_that_a_result_names_and_its_call_made_are_outputs(folder: Path, store: Store) -> None:
    config = {**call("read_all", paths=call("make", folder="out")), "_convert_": "all"}
    assert run(config, store=store).value == ["a", "b"]
    assert outcome(run(config, store=store)) == ("hit", "")
    (folder / "out" / "a").write_text("spoilt")
    report = run(config, store=store)
    assert (report.value, outcome(report), outcome(report, "paths")) == (
        ["a", "b"],
        ("cutoff", ""),
        ("ran", "output_changed"),
    )


def test_file_that_a_result_only_names_is_no_output(folder: Path, store: Store) -> None:
    config = call("read", path=call("glue", a="data", b=".txt"))
    time.sleep(0.05)  # longer ago than a tick of the clock that stamps files
    run(config, store=store)
    (folder / "data.txt").write_text("two")
    report = run(config, store=store)
    assert (report.value, outcome(report, "path")) == ("two", ("hit", ""))


def test_file_that_an_object_goes_by_counts_for_what_uses_it(folder: Path, store: Store) -> None:
    config = call("use", source=call("Source", stem="data"))
    assert run(config, store=store).value == "one"
    assert outcome(run(config, store=store)) == ("hit", "")
    (folder / "data.txt").write_text("two")
    changed = run(config, store=store)
    assert (changed.value, outcome(changed)) == ("two", ("ran", "input_file_changed"))
    assert outcome(run(config, store=store)) == ("hit", "")


def test_two_calls_that_write_the_same_file_are_told_of(folder: Path, store: Store) -> None:
    seen: list[Event] = []
    config = [call("write", path="out.txt", text="a"), call("write", path="out.txt", text="b")]
    run(config, store=store, listener=seen.append)
    [warning] = [event.message for event in seen if isinstance(event, Warned)]
    assert warning.startswith("steps.write at 1 writes out.txt, which 0 writes too")


def test_moved_project_with_absolute_paths_is_a_hit(
    folder: Path, run_cli: RunCli, tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = tmp_path_factory.mktemp("elsewhere") / "cache"
    here = "from pathlib import Path\nHERE = Path(__file__).parent\n"
    read = "read = dict(_target_='steps.read', path=str(HERE / 'data.txt'))\n"
    write = "write = dict(_target_='steps.write', path=HERE / 'out.txt', text='x')\n"
    (folder / "conf.py").write_text(here + read + write)

    def statuses(place: Path) -> list[str]:
        found = []
        for name in ("read", "write"):
            done = run_cli("run", f"conf:{name}", "-p", "-c", cache, "--json", cwd=place)
            found.append(json.loads(done.stdout)["nodes"][0]["status"])
        return found

    assert statuses(folder) == ["ran", "ran"]
    moved = folder.rename(folder.with_name("moved"))
    assert statuses(moved) == ["hit", "hit"]
    moved.rename(folder)
