from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from hydra_cached.fingerprint import CodeFingerprints, Definition

Project = Callable[[Mapping[str, str]], Path]


def collect(name: str = "run") -> dict[str, Definition]:
    sys.modules.pop("steps", None)
    found = CodeFingerprints().collect(getattr(importlib.import_module("steps"), name))
    return {definition.id: definition for definition in found}


def test_the_closure_names_everything_that_counts_with_its_place(project: Project) -> None:
    folder = project(
        {
            "steps.py": """
                import threading
                import numpy as np
                from tools import clean

                LIMIT = 3
                LOCK = threading.Lock()

                def run(x):
                    with LOCK:
                        return Model(np.clip(clean(x), 0, LIMIT))

                class Model:
                    def __init__(self, x):
                        self.x = x

                def unused():
                    return 1
                """,
            "tools.py": """
                def clean(x):
                    return x
                """,
        }
    )
    found = collect()
    assert {(item.id, item.kind, item.file and Path(item.file).name, item.line) for item in found.values()} == {
        ("numpy", "distribution", None, None),
        ("steps (_thread.lock)", "opaque", None, None),
        ("steps.LIMIT", "constant", "steps.py", 5),
        ("steps.LOCK", "constant", "steps.py", 6),
        ("steps.Model", "class", "steps.py", 12),
        ("steps.Model.__init__", "function", "steps.py", 13),
        ("steps.run", "function", "steps.py", 8),
        ("tools.clean", "function", "tools.py", 1),
    }
    assert found["steps.run"].file == str(folder / "steps.py")


def test_a_version_of_a_library_counts(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project({"steps.py": "import acme\n\ndef run(x):\n    return acme.work(x)\n"})
    site = (
        project(
            {
                "site-packages/acme.py": "def work(x):\n    return x\n",
                "site-packages/acme_tools-1.0.dist-info/METADATA": "Name: acme-tools\nVersion: 1.0\n",
                "site-packages/acme_tools-1.0.dist-info/RECORD": "acme.py,,\nacme_tools-1.0.dist-info/METADATA,,\n",
            }
        )
        / "site-packages"
    )
    monkeypatch.syspath_prepend(str(site))
    first = collect()["acme-tools"]
    project({"site-packages/acme.py": "def work(x):\n    return -x\n"})
    assert collect()["acme-tools"] == first
    metadata = site / "acme_tools-1.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("1.0", "1.1"))
    assert collect()["acme-tools"].digest != first.digest


def test_paths_below_the_project_count_as_seen_from_it(tmp_path: Path, project: Project) -> None:
    text = """
        from pathlib import Path

        HERE = Path(__file__).parent
        DATA = {"train": str(HERE / "data" / "train.csv"), "all": [str(HERE / f"{n}.csv") for n in range(20)]}

        def run():
            return HERE, DATA, __file__
        """
    digests = []
    for place in ("one", "two/deeper"):
        project({f"{place}/pyproject.toml": "", f"{place}/steps.py": text})
        sys.path.insert(0, str(tmp_path / place))
        try:
            digests.append(collect())
        finally:
            sys.path.remove(str(tmp_path / place))
    assert [item.digest for item in digests[0].values()] == [item.digest for item in digests[1].values()]


def test_paths_elsewhere_count_in_full(project: Project) -> None:
    text = 'DATA = "/somewhere/else"\n\ndef run():\n    return DATA\n'
    project({"steps.py": text})
    before = collect()["steps.DATA"]
    project({"steps.py": text.replace("else", "other")})
    assert collect()["steps.DATA"] != before


def test_the_environment_does_not_count_by_itself(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project({"steps.py": "from os import environ\n\ndef run():\n    return environ.get('A')\n"})
    before = collect()
    monkeypatch.setenv("HYDRA_CACHED_TEST", "1")
    assert collect() == before


def test_modules_with_attributes_taken_by_name_count_as_a_whole(project: Project) -> None:
    steps = "import tools\n\ndef run(name):\n    return getattr(tools, name)()\n"
    project({"steps.py": steps, "tools.py": "def a():\n    return 1\n\ndef b():\n    return 2\n"})
    found = collect()
    assert {"tools", "tools.a", "tools.b"} <= set(found)
    project({"steps.py": steps.replace("getattr(tools, name)", "tools.a")})
    assert {"tools", "tools.b"}.isdisjoint(collect())


def test_a_lazy_import_that_fails_is_named_as_opaque(project: Project) -> None:
    project({"steps.py": "def run():\n    import broken\n    return broken\n", "broken.py": "raise RuntimeError\n"})
    assert collect()["broken"].kind == "opaque"


def test_a_lazy_import_of_a_library_does_not_import_it(project: Project) -> None:
    project({"steps.py": "def run():\n    import antlr4\n    return antlr4\n"})
    loaded = sys.modules.pop("antlr4", None)
    try:
        assert collect()["antlr4-python3-runtime"].kind == "distribution"
        assert "antlr4" not in sys.modules
    finally:
        if loaded is not None:
            sys.modules["antlr4"] = loaded


def test_relative_imports_inside_bodies_are_followed(project: Project) -> None:
    project(
        {
            "pack/__init__.py": "",
            "pack/a.py": "def go():\n    from .b import work\n    from . import c\n    return work() + c.rest()\n",
            "pack/b.py": "def work():\n    return 1\n",
            "pack/c.py": "def rest():\n    return 1\n",
            "steps.py": "from pack.a import go as run\n",
        }
    )
    assert {"pack.a.go", "pack.b.work", "pack.c.rest"} == set(collect())


def test_a_large_constant_counts_by_content(project: Project) -> None:
    project({"steps.py": "import numpy as np\nA = np.arange(9.0)\n\ndef run():\n    return A\n"})
    before = collect()["steps.A"]
    sys.modules["steps"].A = np.arange(9.0)  # type: ignore[attr-defined]
    assert CodeFingerprints().collect(sys.modules["steps"].run)[-2] == before
    sys.modules["steps"].A[0] = 1
    assert CodeFingerprints().collect(sys.modules["steps"].run)[-2] != before


def test_a_module_that_is_read_by_its_own_namespace_counts_as_a_whole(project: Project) -> None:
    for access in ("globals()[x]()", "getattr(sys.modules[__name__], x)()", "vars(sys.modules[__name__])[x]()"):
        project({"steps.py": f"import sys\n\ndef other():\n    return 1\n\ndef run(x):\n    return {access}\n"})
        assert {"steps", "steps.other"} <= set(collect())


def test_a_logger_counts_by_its_name(project: Project) -> None:
    project({"steps.py": "import logging\n\nlog = logging.getLogger('x')\n\ndef run():\n    log.info('run')\n"})
    before = collect()
    log = sys.modules["steps"].log
    log.addHandler(logging.NullHandler())
    log.info("fills its cache of levels")
    try:
        assert collect() == before
    finally:
        log.handlers.clear()


@pytest.mark.parametrize(
    "access", ['globals()["other"]()', 'globals().get("other")()', 'getattr(sys.modules[__name__], "other")()']
)
def test_a_name_given_as_a_text_is_followed(project: Project, access: str) -> None:
    project(
        {
            "steps.py": f"""
                import sys

                def other():
                    return 1

                def unused():
                    return 1

                def run():
                    return {access}
                """
        }
    )
    assert "steps.other" in collect()


def test_a_function_in_a_default_of_a_library_counts(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project(
        {
            "site-packages/acme.py": "def keep(f):\n    def w(x, f=f):\n        return f(x)\n    return w\n",
            "site-packages/acme-1.0.dist-info/METADATA": "Name: acme\nVersion: 1.0\n",
            "site-packages/acme-1.0.dist-info/RECORD": "acme.py,,\n",
            "steps.py": "import acme\n\n@acme.keep\ndef work(x):\n    return x\n\ndef run(x):\n    return work(x)\n",
        }
    )
    monkeypatch.syspath_prepend(str(folder / "site-packages"))
    monkeypatch.delitem(sys.modules, "acme", raising=False)
    assert {"acme", "steps.work"} <= set(collect())
