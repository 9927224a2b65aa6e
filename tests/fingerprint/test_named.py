"""Code that a text names, and texts that only look as if they named some."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hydra_cached.fingerprint import CodeFingerprints

Project = Callable[[Mapping[str, str]], Path]

SCRIPT = "import pathlib\npathlib.Path('ran').touch()\n"


@pytest.fixture
def folder(project: Project) -> Path:
    return project(
        {
            "lib.py": """
                from helpers import help_it as aid

                def work(x):
                    return aid(x)

                class Model:
                    @classmethod
                    def make(cls):
                        return cls()

                    rate = 1

                MADE = Model()
                """,
            "helpers.py": "def help_it(x):\n    return x\n",
            "pack/__init__.py": "from pack.inner import deep\n",
            "pack/inner.py": "def deep(x):\n    return x\n",
            "pack/plugin.py": "from . import inner\nimport numpy\n\ndef go():\n    return inner.deep(1)\n",
            "space/part.py": "def go():\n    return 1\n",
            "train.py": SCRIPT + "def main():\n    return 1\n",
            "label.py": SCRIPT,
            "group/__init__.py": "",
            "group/script.py": SCRIPT + "known = 1\n",
            "lazy.py": """
                def __getattr__(name):
                    if name == "late":
                        return len
                    raise AttributeError(name)
                """,
            "broken.py": "def work():\n    return 1\n\nraise RuntimeError\n",
        }
    )


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("lib.work", "work"),
        ("lib.Model", "Model"),
        ("lib.Model.make", "make"),
        ("lib.aid", "help_it"),
        ("pack.deep", "deep"),
        ("pack.inner.deep", "deep"),
        ("pack.plugin.go", "go"),
        ("space.part.go", "go"),
        ("train.main", "main"),
        ("train:main", "main"),
        ("lib:Model.make", "make"),
        ("pack.plugin:go", "go"),
    ],
)
def test_a_function_or_class_is_found_by_its_name(text: str, name: str) -> None:
    assert getattr(CodeFingerprints().named(text), "__name__", None) == name


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "lib",
        "work",
        "lib.",
        ".work",
        "lib..work",
        "lib.absent",
        "lib.Model.absent",
        "absent.work",
        "lib.work()",
        "a label: lib.work",
        "lib:work:x",
        ":work",
        "label:anything",
        "10:30",
        "label.anything",
        "label.x.y",
        "group.script.unknown",
        "numpy.mean",
        "os.path.join",
        "json.dumps",
        "antlr4.Parser",
        "broken.work",
        "data.csv",
        "3.14",
        "www.example.org",
        "x" * 10_000,
        "lib." + "work." * 1000 + "x",
    ],
)
def test_other_texts_name_nothing_and_import_nothing(folder: Path, text: str) -> None:
    loaded = sys.modules.pop("antlr4", None)
    assert CodeFingerprints().named(text) is None
    assert {"antlr4", "label", "train", "group", "group.script"}.isdisjoint(sys.modules)
    assert not (folder / "ran").exists()
    if loaded is not None:
        sys.modules["antlr4"] = loaded


def test_a_module_is_imported_only_if_its_text_defines_the_name(folder: Path) -> None:
    code = CodeFingerprints()
    assert code.named("group.script.unknown") is None
    assert not (folder / "ran").exists()
    assert code.named("group.script.known") == 1
    assert (folder / "ran").exists()


@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize("text", ["group.script", "pack.plugin", "pack.inner"])
def test_a_module_that_is_named_as_a_whole_is_not_imported(folder: Path, text: str) -> None:
    code = CodeFingerprints()
    before = code.of(code.named(text))
    assert text not in sys.modules
    assert not (folder / "ran").exists()
    __import__(text)
    again = CodeFingerprints()
    assert again.of(again.named(text)) == before


def test_a_module_that_is_named_as_a_whole_counts_by_the_texts_it_imports(folder: Path, project: Project) -> None:
    def digest() -> str:
        code = CodeFingerprints()
        return code.of(code.named("pack.plugin"))

    before = digest()
    project({"pack/inner.py": "# a comment\ndef deep(x):\n    '''Deep.'''\n    return x\n"})
    assert digest() == before
    project({"pack/inner.py": "def deep(x):\n    return -x\n"})
    assert digest() != before
    code = CodeFingerprints()
    assert {item.id for item in code.collect(code.named("pack.plugin"))} == {
        "pack",
        "pack.inner",
        "pack.plugin",
        "numpy",
    }


@pytest.mark.parametrize(
    ("text", "module"),
    [("train.main", "train"), ("train:main", "train"), ("pack.plugin.go", "pack.plugin"), ("space.part", "space.part")],
)
def test_without_imports_the_module_of_a_name_counts(folder: Path, text: str, module: str) -> None:
    code = CodeFingerprints()
    found = code.named(text, may_import=False)
    assert getattr(found, "name", None) == module
    assert len(code.of(found)) == 64
    assert module not in sys.modules
    assert not (folder / "ran").exists()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("text", ["train.absent", "absent.work", "lib", "numpy.mean", "json.dumps", "x" * 10_000])
def test_without_imports_other_texts_name_nothing_either(text: str) -> None:
    assert CodeFingerprints().named(text, may_import=False) is None


def test_a_word_names_a_module_for_code_that_imports_what_it_is_told(folder: Path, project: Project) -> None:
    project(
        {
            "telling.py": """
                import importlib
                import sys

                def load(name):
                    return importlib.import_module(name)

                def outer(name):
                    return load(name)

                def look(name):
                    return sys.modules[name]

                def other(name):
                    return name
                """
        }
    )
    import telling  # type: ignore[import-not-found]

    code = CodeFingerprints()
    for importer in (telling.load, telling.outer, telling.look):
        assert getattr(code.named_module("train", importer), "name", None) == "train"
        assert code.named_module("absent", importer) is None
        assert code.named_module("json", importer) is None
        assert code.named_module("numpy", importer) is None
    assert code.named_module("train", telling.other) is None
    assert "train" not in sys.modules


def test_a_module_deep_in_packages_without_files_of_their_own_is_found(project: Project) -> None:
    project(
        {
            "deep/down/there.py": "K = 1\n",
            "using.py": "def f():\n    from deep.down.there import K\n    return K\n",
        }
    )
    import using  # type: ignore[import-not-found]

    assert CodeFingerprints().named("deep.down.there").name == "deep.down.there"  # type: ignore[union-attr]
    assert "deep.down.there.K" in {item.id for item in CodeFingerprints().collect(using.f)}


def test_editing_what_a_text_names_changes_its_fingerprint(folder: Path, project: Project) -> None:
    def digest() -> str:
        for name in ("lib", "helpers"):
            sys.modules.pop(name, None)
        code = CodeFingerprints()
        return code.of(code.named("lib.work"))

    before = digest()
    project({"helpers.py": "def help_it(x):\n    return x\n\ndef other():\n    return 1\n"})
    assert digest() == before
    project({"helpers.py": "def help_it(x):\n    return -x\n"})
    assert digest() != before


@pytest.mark.usefixtures("folder")
def test_a_name_that_a_module_makes_when_asked_is_found() -> None:
    assert CodeFingerprints().named("lazy.late") is len
    assert CodeFingerprints().named("lazy.other") is None
