"""What is declared on targets and in configs, and what texts name, counts as it does where it is seen. A real store."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hydra_cached import Store, run
from tests.conftest import RunCli
from tests.reports import outcomes


def test_decorators_declare_as_configs_do(project: Callable[[Mapping[str, str]], Path]) -> None:
    folder = project(
        {
            "marked.py": """
            from pathlib import Path

            from hydra_cached import input_files

            @input_files("settings.ini")
            def configured():
                return Path("settings.ini").read_text()

            @input_files("path")
            def by_default(path="settings.ini"):
                return Path(path).read_text()
            """,
            "settings.ini": "1",
        }
    )
    with Store(folder / "cache") as store:
        for name in ("configured", "by_default"):
            config = {"_target_": f"marked.{name}"}
            (folder / "settings.ini").write_text("1")
            run(config, store=store)
            assert outcomes(run(config, store=store)) == {"": ("hit", "")}
            (folder / "settings.ini").write_text("2")
            assert run(config, store=store).value == "2"
    assert "marked" in sys.modules


def test_depends_on_counts_code_that_reading_does_not_find(project: Callable[[Mapping[str, str]], Path]) -> None:
    helper = "def help():\n    return {}\n"
    project(
        {
            "work.py": "def work(name):\n    return __import__(name.strip()).help()\n",
            "helper.py": helper.format(1),
        }
    )
    config = {"_target_": "work.work", "name": " helper", "_depends_on_": ["helper.help"]}
    with Store("cache") as store:
        assert run(config, store=store).value == 1
        project({"helper.py": helper.format(2)})
        del sys.modules["helper"]
        changed = run(config, store=store)
        assert (changed.value, outcomes(changed)) == (2, {"": ("ran", "code_changed")})


@pytest.mark.parametrize(
    "arguments",
    [
        {"_target_": "hydra.utils.get_method", "path": "helper.help"},
        {"_target_": "builtins.dict", "make": {"_target_": "helper.help"}, "_recursive_": False},
        {"_target_": "builtins.list", "_args_": [["x", "helper.help"]], "_convert_": "all"},
    ],
    ids=["text", "unexpanded", "nested"],
)
def test_code_that_a_text_names_counts(
    project: Callable[[Mapping[str, str]], Path], run_cli: RunCli, arguments: dict[str, Any]
) -> None:
    text = "def help():\n    return {}\n"
    project({"helper.py": text.format(1), "conf.py": f"config = {arguments!r}\n"})

    def outcome() -> list[str]:
        done = run_cli("run", "conf", "-p", "--json")
        [node] = json.loads(done.stdout)["nodes"]
        return [node["status"], node["reason"]["code"] if node["reason"] else ""]

    assert outcome() == ["ran", "new"]
    assert outcome() == ["hit", ""]
    project({"helper.py": text.format(2)})
    assert outcome() == ["ran", "code_changed"]
    project({"helper.py": "# a comment\n" + text.format(2)})
    assert outcome() == ["hit", ""]
