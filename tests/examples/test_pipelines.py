"""The examples as pipelines: what they return, and what a second run reuses."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hydra_cached import instantiate
from hydra_cached.examples import hello, ner, takes_time
from tests.conftest import RunCli

Project = Callable[[Mapping[str, str]], Path]

# the pipeline of the package over few distributions only; one copy of both keeps what they share
SMALL = """
    import copy

    from hydra_cached.examples import ner

    config, documents = copy.deepcopy((ner.config, ner.documents))
    documents["distributions"]["max_documents"] = 5
    documents["max_characters"] = 20_000
"""


def _run(run_cli: RunCli, *args: str) -> dict[str, Any]:
    done = run_cli("run", *args, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


def _statuses(document: dict[str, Any]) -> dict[str, str]:
    return {node["target"].rpartition(".")[2]: node["status"] for node in document["nodes"]}


def test_hello_greets_the_world() -> None:
    assert instantiate(hello.config) == "Hello, World!"


def test_hello_in_another_language_runs_only_what_changed(run_cli: RunCli) -> None:
    first = _run(run_cli, "hydra_cached.examples.hello", "-p")
    again = _run(run_cli, "hydra_cached.examples.hello", "-p")
    french = _run(run_cli, "hydra_cached.examples.hello", "-p", "greeting.language=fr")

    assert (first["result"], first["summary"]["ran"]) == ("'Hello, World!'", 3)
    assert (again["result"], again["summary"]["ran"]) == ("'Hello, World!'", 0)
    assert french["result"] == "'Bonjour, World!'"
    assert _statuses(french) == {"greet": "ran", "translate": "ran", "capitalise": "hit"}


def test_takes_time_reads_the_file_that_comes_with_it_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert instantiate({**takes_time.config, "seconds": 0}).startswith("Lorem ipsum")


def test_takes_time_is_cut_off_while_the_file_says_the_same(run_cli: RunCli, tmp_path: Path) -> None:
    text = tmp_path / "my.txt"
    args = ("hydra_cached.examples.takes_time", "-p", "seconds=0.01", "data.file_name=my.txt")

    text.write_text("one")
    first = _run(run_cli, *args)
    second = _run(run_cli, *args)
    text.write_text("two")
    changed = _run(run_cli, *args)

    assert _statuses(first) == {"delay": "ran", "load_file": "ran"}
    assert _statuses(second) == {"delay": "cutoff", "load_file": "ran"}
    assert _statuses(changed) == {"delay": "ran", "load_file": "ran"}
    assert (second["result"], changed["result"]) == ("'one'", "'two'")


def test_the_entities_of_what_is_installed_are_found() -> None:
    table = instantiate(ner.config)

    kinds = {line.split()[1] for line in table.splitlines()[2:]}
    assert kinds == {"address", "licence", "organisation", "person", "version"}
    assert "Python 3." in table


def test_only_the_look_at_what_is_installed_runs_again(run_cli: RunCli, project: Project) -> None:
    project({"small.py": SMALL})

    first = _run(run_cli, "small", "-p")
    second = _run(run_cli, "small", "-p")

    assert first["summary"]["nodes"] == first["summary"]["ran"] == 14
    assert [target for target, status in _statuses(second).items() if status == "ran"] == ["list_distributions"]
    assert second["result"] == first["result"]


def test_steps_used_in_several_places_are_one_node(run_cli: RunCli, project: Project) -> None:
    project({"small.py": SMALL})

    nodes = _run(run_cli, "small")["nodes"]

    paths = {node["target"].rpartition(".")[2]: len(node["paths"]) for node in nodes}
    assert len(paths) == len(nodes)
    assert paths["split_sentences"] >= 6
    assert paths["tabulate"] == 1


def test_the_table_does_not_depend_on_the_hash_seed(project: Project) -> None:
    folder = project({"small.py": SMALL})
    code = "import small, hydra_cached; print(hydra_cached.instantiate(small.config))"

    tables = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(tables) == 1


def test_the_table_is_that_of_hydra_itself(project: Project) -> None:
    from hydra.utils import instantiate as hydra_instantiate

    project({"small.py": SMALL.replace("= 5", "= 1")})
    small = importlib.import_module("small")

    assert hydra_instantiate(small.config) == instantiate(small.config)
