"""Reasons that need an outside change: another package, another key, an entry that no longer loads, carried code."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hydra_cached import Store, run
from hydra_cached.execution import commit
from hydra_cached.keys import keys
from tests.conftest import RunCli

ACME = """
import importlib

def make(n):
    return importlib.import_module("mod" + "els").Model(n)

def use(model):
    return model.predict()

def double(n):
    return 2 * n
"""


def install(folder: Path, version: str = "1.0") -> None:
    site = folder / "site-packages"
    (site / "acme-1.0.dist-info").mkdir(parents=True, exist_ok=True)
    (site / "acme.py").write_text(ACME)
    (site / "acme-1.0.dist-info" / "METADATA").write_text(f"Name: acme\nVersion: {version}\n")
    (site / "acme-1.0.dist-info" / "RECORD").write_text("acme.py,,\n")


def nodes(run_cli: RunCli, folder: Path, **env: str) -> dict[str, tuple[str, str, str]]:
    done = run_cli("run", "conf", "-p", "--json", env={"PYTHONPATH": str(folder / "site-packages"), **env})
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["ok"], done.stderr
    return {
        node["path"]: (
            node["status"],
            node["reason"]["code"] if node["reason"] else "",
            node["reason"]["detail"] if node["reason"] else "",
        )
        for node in document["nodes"]
    } | {"result": (document["result"], "", "")}


def test_another_version_of_a_package_is_the_reason(tmp_path: Path, run_cli: RunCli) -> None:
    install(tmp_path)
    (tmp_path / "conf.py").write_text("config = dict(_target_='acme.double', n=2)\n")
    nodes(run_cli, tmp_path)
    assert nodes(run_cli, tmp_path)[""] == ("hit", "", "")
    install(tmp_path, "1.1")
    assert nodes(run_cli, tmp_path)[""] == ("ran", "package_changed", "package acme")


def test_edit_of_a_class_that_a_package_made_an_object_of_is_seen_above_it(tmp_path: Path, run_cli: RunCli) -> None:
    install(tmp_path)
    text = "class Model:\n    def __init__(self, n):\n        self.n = n\n\n    def predict(self):\n"
    text += "        return self.n + {}\n"
    (tmp_path / "models.py").write_text(text.format(1))
    (tmp_path / "conf.py").write_text("config = dict(_target_='acme.use', model=dict(_target_='acme.make', n=2))\n")
    assert nodes(run_cli, tmp_path)["result"][0] == "3"
    assert nodes(run_cli, tmp_path)[""] == ("hit", "", "")
    (tmp_path / "models.py").write_text(text.format(10))
    changed = nodes(run_cli, tmp_path)
    assert changed["result"][0] == "12"
    assert changed["model"] == ("ran", "code_changed", "the code of models.Model, which its value contains, changed")
    assert nodes(run_cli, tmp_path)[""] == ("hit", "", "")


def test_result_of_another_key_is_not_trusted(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "conf.py").write_text("config = dict(_target_='builtins.max', _args_=[1, 2])\n")
    nodes(run_cli, tmp_path, HYDRA_CACHED_KEY="one")
    assert nodes(run_cli, tmp_path, HYDRA_CACHED_KEY="other")[""][:2] == ("ran", "entry_untrusted")


def test_result_that_no_longer_loads_is_made_again(tmp_path: Path, run_cli: RunCli) -> None:
    install(tmp_path)
    (tmp_path / "site-packages" / "acme.py").write_text(
        "import os\n\nclass Box:\n    def __setstate__(self, state):\n        if os.environ.get('BROKEN'):\n"
        "            raise ValueError('moved')\n\n    def __getstate__(self):\n        return {'x': 1}\n\n"
        "    def __repr__(self):\n        return 'Box'\n"
    )
    (tmp_path / "conf.py").write_text("config = dict(_target_='acme.Box')\n")
    nodes(run_cli, tmp_path)
    assert nodes(run_cli, tmp_path)[""] == ("hit", "", "")
    assert nodes(run_cli, tmp_path, BROKEN="1")[""][:2] == ("ran", "entry_unreadable")


def test_result_of_an_earlier_way_of_making_keys_is_named(
    project: Callable[[Mapping[str, str]], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    project({})
    config = {"_target_": "builtins.max", "_args_": [1, 2]}
    with Store("cache") as store:
        with monkeypatch.context() as earlier:
            earlier.setattr(keys, "SCHEMA", keys.SCHEMA - 1)
            earlier.setattr(commit, "SCHEMA", keys.SCHEMA)
            run(config, store=store)
        [node] = run(config, store=store).nodes
    assert node.reason is not None
    assert node.reason.code == "schema_changed"


def test_another_declared_version_is_the_reason_though_it_stands_in_the_code(tmp_path: Path, run_cli: RunCli) -> None:
    text = "from hydra_cached import version\n\n@version({!r})\ndef f(n):\n    return n\n\n"
    text += "config = dict(_target_=f, n=2)\n"
    (tmp_path / "conf.py").write_text(text.format("1"))
    nodes(run_cli, tmp_path)
    (tmp_path / "conf.py").write_text(text.format("2"))
    assert nodes(run_cli, tmp_path)[""][:2] == ("ran", "version_changed")


def test_configs_of_a_sweep_are_compared_with_themselves(tmp_path: Path, run_cli: RunCli) -> None:
    text = "def f(lr):\n    return lr + {}\n\nconfig = dict(_target_=f, lr=0)\n"
    (tmp_path / "conf.py").write_text(text.format(1))
    run_cli("run", "conf", "-p", "-m", "lr=1,2,3")
    (tmp_path / "conf.py").write_text(text.format(2))
    done = run_cli("run", "conf", "-p", "-m", "lr=1,2,3", "--json")
    found = [each["nodes"][0]["reason"]["code"] for each in json.loads(done.stdout)["runs"]]
    assert found == ["code_changed"] * 3


def test_call_whose_last_result_was_not_stored_is_not_new_with_other_code(tmp_path: Path, run_cli: RunCli) -> None:
    text = "def make(n):\n    return lambda x: x * n + {}\n\nconfig = dict(_target_=make, n=2)\n"
    (tmp_path / "conf.py").write_text(text.format(1))
    assert nodes(run_cli, tmp_path)[""][:2] == ("ran", "new")
    (tmp_path / "conf.py").write_text(text.format(2))
    plan = json.loads(run_cli("run", "conf", "-p", "-n", "--json").stdout)
    assert plan["nodes"][0]["reason"]["code"] == "not_stored"
    status, reason, detail = nodes(run_cli, tmp_path)[""]
    assert (status, reason) == ("ran", "not_stored")
    assert "its last result was not stored: " in detail
    # one that can be stored, and is forgotten again
    (tmp_path / "conf.py").write_text("def make(n):\n    return n\n\nconfig = dict(_target_=make, n=2)\n")
    assert nodes(run_cli, tmp_path)[""][:2] == ("ran", "not_stored")
    assert nodes(run_cli, tmp_path)[""][:2] == ("hit", "")
    assert run_cli("cache", "clear", "--target", "conf.make", "-y").returncode == 0
    assert nodes(run_cli, tmp_path)[""][:2] == ("ran", "new")


def test_module_that_only_the_pipeline_imports_counts_where_it_is_declared(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "steps.py").write_text("import decimal\n\ndef f(n):\n    return str(decimal.Decimal(1) / n)\n")
    (tmp_path / "options.py").write_text("import decimal\n\ndecimal.getcontext().prec = 3\n")
    text = "import options\n\nconfig = dict(_target_='steps.f', n=3, _depends_on_=['options'])\n"
    (tmp_path / "conf.py").write_text(text)
    assert nodes(run_cli, tmp_path)["result"][0] == "'0.333'"
    assert nodes(run_cli, tmp_path)[""][:2] == ("hit", "")
    (tmp_path / "options.py").write_text("import decimal\n\ndecimal.getcontext().prec = 5\n")
    changed = nodes(run_cli, tmp_path)
    assert changed["result"][0] == "'0.33333'"
    assert changed[""][:2] == ("ran", "code_changed")
