from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hydra_cached.fingerprint import CodeFingerprints, code_named_by

Project = Callable[[Mapping[str, str]], Path]

FILES = {
    "named_pack/__init__.py": "",
    "named_pack/steps.py": "LIMIT = 3\n\ndef run(x):\n    return x\n\nclass Model:\n    def fit(self):\n        return 1\n",
}


@pytest.fixture(autouse=True)
def forget() -> None:
    for name in [name for name in sys.modules if name.startswith("named_")]:
        del sys.modules[name]


def named(text: str) -> str | None:
    return code_named_by(text, CodeFingerprints())


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("named_pack.steps.run", "return x", "return -x"),
        ("named_pack.steps.Model", "return 1", "return 2"),
        ("named_pack.steps.Model.fit", "return 1", "return 2"),
        ("named_pack.steps.LIMIT", "= 3", "= 44"),
        ("named_pack.steps", "return x", "return -x"),
    ],
)
def test_a_name_of_first_party_code_counts_with_its_code(project: Project, text: str, old: str, new: str) -> None:
    project(FILES)
    before = named(text)
    assert before is not None
    assert before == named(text)
    for name in ("named_pack.steps", "named_pack"):
        del sys.modules[name]
    project({"named_pack/steps.py": FILES["named_pack/steps.py"].replace(old, new)})
    assert named(text) not in {before, None}


@pytest.mark.parametrize(
    "text", ["", "a.b", "some text. more", "1.5", "numpy.mean", "os.path.join", "named_pack.none", "named_pack", "..."]
)
def test_other_texts_name_no_code(project: Project, text: str) -> None:
    project(FILES)
    assert named(text) is None


def test_a_library_that_is_named_is_not_imported() -> None:
    loaded = sys.modules.pop("antlr4", None)
    try:
        assert named("antlr4.CommonTokenStream") is None
        assert "antlr4" not in sys.modules
    finally:
        if loaded is not None:
            sys.modules["antlr4"] = loaded


def test_a_script_is_not_imported_for_its_file_name(project: Project) -> None:
    project({"named_script.py": "raise SystemExit\n", "named_data.py": "raise RuntimeError\n"})
    assert named("named_script.py") is None
    assert named("named_data.csv") is None
    assert not {"named_script", "named_data"} & set(sys.modules)


def test_a_module_that_fails_to_import_names_no_code(project: Project) -> None:
    project({"named_broken.py": "def run():\n    return 1\n\nraise RuntimeError\n"})
    assert named("named_broken.run") is None
