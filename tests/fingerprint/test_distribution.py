from __future__ import annotations

import importlib
import importlib.metadata
import json
import sys
import types
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import blake3
import numpy as np
import pytest
import yaml

import hydra_cached
from hydra_cached.fingerprint import CodeFingerprints
from tests.fingerprint import samples

Project = Callable[[Mapping[str, str]], Path]


@pytest.mark.parametrize(
    "target", [len, json.loads, json, "os.path", OrderedDict, Path, "sys", int, "zoneinfo._common"]
)
def test_the_standard_library_is_neither_first_party_nor_a_distribution(target: Any) -> None:
    code = CodeFingerprints()
    assert not code.is_first_party(target)
    assert code.distribution(target) is None


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (np, "numpy"),
        (np.mean, "numpy"),
        (np.sin, "numpy"),
        (np.random.default_rng, "numpy"),
        (np.ndarray, "numpy"),
        ("numpy.random.mtrand", "numpy"),
        (yaml.safe_load, "PyYAML"),
        ("yaml", "PyYAML"),
        (blake3.blake3, "blake3"),
        ("typing_extensions", "typing_extensions"),
        ("omegaconf.dictconfig", "omegaconf"),
        ("hydra.core.plugins", "hydra-core"),
    ],
)
def test_an_installed_module_belongs_to_its_distribution(target: Any, name: str) -> None:
    code = CodeFingerprints()
    assert code.distribution(target) == (name, importlib.metadata.version(name))
    assert not code.is_first_party(target)


@pytest.mark.parametrize(
    "target", [samples, samples.double, samples.Point, samples.Point(1), "tests.fingerprint.samples"]
)
def test_code_outside_any_distribution_is_first_party(target: Any) -> None:
    code = CodeFingerprints()
    assert code.is_first_party(target)
    assert code.distribution(target) is None


def test_the_main_module_is_first_party() -> None:
    assert CodeFingerprints().is_first_party("__main__")


def test_modules_made_at_run_time_are_first_party() -> None:
    assert CodeFingerprints().is_first_party(types.ModuleType("made_at_run_time"))


def test_this_package_is_no_first_party_code_even_from_a_checkout() -> None:
    code = CodeFingerprints()
    assert not code.is_first_party(hydra_cached)
    assert not code.is_first_party(CodeFingerprints)


def test_a_module_named_like_one_of_the_standard_library_is_the_users(project: Project) -> None:
    project({"cgitb_like/__init__.py": "", "profile.py": "def run():\n    return 1\n"})
    loaded = sys.modules.pop("profile", None)
    try:
        assert CodeFingerprints().is_first_party(importlib.import_module("profile").run)
    finally:
        sys.modules.pop("profile", None)
        if loaded is not None:
            sys.modules["profile"] = loaded


def test_an_editable_install_is_first_party(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project(
        {
            "src/mine/__init__.py": "",
            "src/mine.egg-info/top_level.txt": "mine\n",
            "site-packages/mine-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n",
            "site-packages/mine-1.0.dist-info/RECORD": "__editable__.mine.pth,,\n",
        }
    )
    monkeypatch.syspath_prepend(str(folder / "site-packages"))
    monkeypatch.syspath_prepend(str(folder / "src"))
    assert CodeFingerprints().is_first_party(importlib.import_module("mine"))


def test_parts_of_a_namespace_belong_to_their_own_distributions(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(
        {
            f"site-packages/{name}": text
            for part in ("one", "two")
            for name, text in {
                f"space_of_tests/{part}.py": "",
                f"space_{part}-1.dist-info/METADATA": f"Metadata-Version: 2.1\nName: space-{part}\nVersion: 1\n",
                f"space_{part}-1.dist-info/RECORD": f"space_of_tests/{part}.py,,\n",
            }.items()
        }
    )
    monkeypatch.syspath_prepend(str(folder / "site-packages"))
    code = CodeFingerprints()
    for part in ("one", "two"):
        assert code.distribution(importlib.import_module(f"space_of_tests.{part}")) == (f"space-{part}", "1")


def test_a_file_put_into_site_packages_by_hand_is_first_party(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project({"site-packages/dropped_by_hand.py": ""})
    monkeypatch.syspath_prepend(str(folder / "site-packages"))
    assert CodeFingerprints().is_first_party(importlib.import_module("dropped_by_hand"))
