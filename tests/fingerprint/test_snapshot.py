"""Remembered fingerprints are believed only while everything that they were made from is the same."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fingerprint import edits_of_classes, edits_of_functions, edits_of_modules, edits_of_registries
from tests.fingerprint.cases import variants
from tests.fingerprint.projects import ROOT

CASES = {**edits_of_classes.CASES, **edits_of_functions.CASES, **edits_of_modules.CASES, **edits_of_registries.CASES}

WORLD = {
    "steps.py": """
        import textwrap
        import tools
        from collections import namedtuple
        from enum import Enum
        from functools import lru_cache, partial, wraps
        from registry import REGISTRY
        from pack import part
        from tools import TABLES as tables

        LIMIT = 3
        TABLE = {"a": [1, {"b": 2}], "f": tools.helper}
        half = partial(tools.helper, 1)
        Row = namedtuple("Row", "a b")

        class Kind(Enum):
            A = 1

            def show(self):
                return self.value

        class Base:
            def base(self):
                return 1

        class Model(Base):
            rate = 1
            kept = {"a": abs}
            _hidden = 4
            wrapped = lru_cache(maxsize=3)(tools.helper)

            def fit(self):
                return self.rate, self.kept, self._hidden

            @property
            def size(self):
                return 1

            @staticmethod
            def twice(x):
                return x

        STORE = Model()
        STORE.x = 1

        def make(n):
            def tick():
                return n
            return tick

        tick = make(1)

        def logged(function):
            @wraps(function)
            def wrapper(*args):
                return function(*args)
            return wrapper

        @logged
        def told(x):
            return x

        def run(x, y=2, *, z=3):
            import late
            from pack import extra
            try:
                import not_installed_anywhere
            except ImportError:
                pass
            assert x not in {"one", "two", "three"}
            return (
                tools.helper(x), LIMIT, TABLE, half, Kind.A.show(), STORE.fit(), tick(), textwrap.dedent(x), REGISTRY,
                late.go(), part.go(), extra.go(), tools.CONST, "lookup.find", "pack.part.go", Row(1, 2), told(x),
                tables, whole(x),
            )

        def whole(name):
            import everything
            return getattr(everything, name)

        def other(x):
            return tools.other(x) + LIMIT

        class Step:
            def __call__(self, x):
                return tools.helper(x) + tools.CONST[0]
        """,
    "tools.py": """
        CONST = (1, 2)
        TABLES = {"t": 1}

        def helper(x):
            return x

        def other(x):
            return x + 1
        """,
    "registry.py": "REGISTRY = {}\n\ndef register(f):\n    REGISTRY[f.__name__] = f\n    return f\n",
    "filler.py": "import registry\n\n@registry.register\ndef filled():\n    return 1\n",
    "late.py": "def go():\n    return 1\n",
    "lookup.py": "def find():\n    return 1\n",
    "everything.py": "A = 1\n\ndef f():\n    return 1\n",
    "pack/__init__.py": "",
    "pack/part.py": "def go():\n    return 1\n",
    "pack/extra.py": "def go():\n    return 1\n",
}
# what may be different in a process although no file is
SEEN = [
    "import filler",
    "tools.helper = tools.other",
    "steps.LIMIT = 4",
    "steps.LIMIT = 3.0",
    "steps.LIMIT = True",
    "del steps.LIMIT",
    "steps.TABLE['a'][1]['b'] = 3",
    "steps.TABLE['f'] = tools.other",
    "steps.Model.rate = 9",
    "steps.Model._hidden = 9",
    "steps.Model.extra = 9",
    "steps.Model.fit = tools.other",
    "steps.Model.fit = lambda self: 1",
    "steps.Model.size = property(tools.other)",
    "steps.Model.twice = steps.Model.twice",
    "steps.Model.kept['b'] = abs",
    "steps.Model.wrapped = lru_cache(maxsize=4)(tools.helper)",
    "steps.Base.base = tools.other",
    "steps.Model.__bases__ = (steps.Step,)",
    "steps.Kind.show = tools.other",
    "steps.Row._fields = ('a', 'c')",
    "steps.Row = namedtuple('Row', 'a c')",
    "steps.STORE.x = 2",
    "steps.run.__defaults__ = (5,)",
    "steps.run.__kwdefaults__['z'] = 4",
    "steps.run.mark = 1",
    "steps.tick.__closure__[0].cell_contents = 2",
    "steps.tick = steps.make(3)",
    "steps.told.__wrapped__.__code__ = tools.other.__code__",
    "steps.told = tools.helper",
    "tools.helper.__code__ = tools.other.__code__",
    "tools.helper.__code__ = tools.helper.__code__.replace(co_consts=(5,))",
    "tools.CONST = [1, 2]",
    "del tools.CONST",
    "steps.tables = dict(tools.TABLES)",
    "import textwrap; textwrap.dedent = tools.other",
    "import late; late.go = tools.other",
    "import lookup; lookup.find = tools.other",
    "import pack.part; pack.part.go = tools.other",
    "import everything; everything.B = 2",
    "import everything; everything.A = 2",
    "sys.modules['late'] = registry",
    "sys.modules['not_installed_anywhere'] = registry",
    "steps.half = tools.helper",
    "fake = type(sys)('tools'); vars(fake).update(vars(tools), helper=tools.other); steps.tools = fake",
    "fake = type(sys)('tools'); vars(fake).update(vars(tools), helper=tools.other); sys.modules['tools'] = fake",
    "fake = type(sys)('late'); fake.go = tools.other; sys.modules['late'] = fake",
]
# imports that bodies make anyway, values that nothing reads, and what is set back
NOT_SEEN = ["", "import late", "import pack.extra", "import lookup", "tools.UNUSED = 1", "tools.other.mark = 1"]
WORLD_RUN = """
import ast, json, sys
from collections import namedtuple
from functools import lru_cache
from hydra_cached.fingerprint import CodeFingerprints
from tests.fingerprint.projects import FileMemo
sys.path.insert(0, sys.argv[1])
import pack, registry, steps, tools
run = steps.run
exec(sys.argv[3])
memo = FileMemo(sys.argv[2])
targets = [run] if len(sys.argv) < 5 else [getattr(steps, name) for name in sys.argv[4].split()]
parse, parsed = ast.parse, []
ast.parse = lambda *args, **options: parsed.append(args) or parse(*args, **options)
code = CodeFingerprints(memo)
with_memo = [code.of(target) for target in targets]
code.flush()
memo.save()
count = len(parsed)
plain = CodeFingerprints()
print(json.dumps([with_memo, [plain.of(target) for target in targets], memo.asked, count]))
"""


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")


def run_script(script: str, *arguments: str, options: tuple[str, ...] = (), seed: int = 0) -> Any:
    done = subprocess.run(
        [sys.executable, *options, "-c", script, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, and what its first runs remember."""
    folder = tmp_path_factory.mktemp("world")
    write(folder, WORLD)
    (folder / "rows").write_text("{}")
    run_script(WORLD_RUN, str(folder), str(folder / "rows"), "")
    return folder


def look(world: Path, code: str, tmp_path: Path, **options: Any) -> tuple[str, str, bool]:
    """Fingerprints of `steps.run` with and without a memo where ``code`` was run before; whether nothing was read."""
    rows = tmp_path / "rows"
    rows.write_bytes((world / "rows").read_bytes())
    (found,), (plain,), asked, parsed = run_script(WORLD_RUN, str(world), str(rows), code, **options)
    # its own row alone: not one of a file
    return found, plain, asked == 1 and not parsed


@pytest.mark.parametrize("code", NOT_SEEN)
def test_nothing_is_read_where_nothing_changed(world: Path, tmp_path: Path, code: str) -> None:
    found, plain, is_believed = look(world, code, tmp_path)
    assert found == plain
    assert is_believed or code in {"import lookup"}


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_read_under_another_hash_seed(world: Path, tmp_path: Path, seed: int) -> None:
    found, plain, is_believed = look(world, "", tmp_path, seed=seed)
    assert found == plain
    assert is_believed


@pytest.mark.parametrize("code", SEEN)
def test_a_difference_that_no_file_shows_is_seen(world: Path, tmp_path: Path, code: str) -> None:
    found, plain, is_believed = look(world, code, tmp_path)
    assert found == plain
    assert not is_believed


@pytest.mark.parametrize("options", [("-O",), ("-OO",)])
def test_what_was_compiled_otherwise_is_read_anew(world: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    found, plain, is_believed = look(world, "", tmp_path, options=options)
    assert found == plain
    assert not is_believed


def test_a_project_that_moved_has_the_same_fingerprints(world: Path, tmp_path: Path) -> None:
    write(tmp_path / "moved", WORLD)
    (tmp_path / "moved" / "rows").write_bytes((world / "rows").read_bytes())
    found, plain, is_believed = look(tmp_path / "moved", "", tmp_path)
    assert found == plain == look(world, "", tmp_path)[0]
    assert not is_believed


@pytest.mark.parametrize("name", ["steps.py", "tools.py", "late.py", "pack/__init__.py", "everything.py"])
def test_an_edit_is_seen_that_leaves_size_and_time_as_they_were(tmp_path: Path, name: str) -> None:
    write(tmp_path, WORLD)
    path = tmp_path / name
    path.write_text(f"{path.read_text()}\nX = 1\n")
    run_script(WORLD_RUN, str(tmp_path), str(tmp_path / "rows"), "")
    assert look(tmp_path, "", tmp_path)[2]
    status = path.stat()
    path.write_text(path.read_text().replace("X = 1\n", "X = 2\n"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    found, plain, is_believed = look(tmp_path, "", tmp_path, options=("-B",))
    assert found == plain
    assert not is_believed


def test_a_package_of_another_version_is_seen(tmp_path: Path) -> None:
    site = tmp_path / "site-packages"
    metadata = "site-packages/acme-1.0.dist-info/METADATA"
    write(
        tmp_path,
        {
            **edits_of_modules.ACME,
            "steps.py": "import acme\n\ndef run(x):\n    return acme.work(x)\n",
            **dict.fromkeys(("pack.py", "registry.py", "tools.py"), ""),
        },
    )
    script = WORLD_RUN.replace("import pack", f"sys.path.append({str(site)!r})\nimport pack")
    rows = str(tmp_path / "rows")
    first = run_script(script, str(tmp_path), rows, "")
    again = run_script(script, str(tmp_path), rows, "")
    assert first[0] == again[0]
    assert again[3] == 0
    path = tmp_path / metadata
    path.write_text(path.read_text().replace("1.0", "1.1"))
    upgraded = run_script(script, str(tmp_path), rows, "")
    assert upgraded[0] == upgraded[1] != first[0]


def test_targets_that_share_modules_are_remembered_in_any_order(tmp_path: Path) -> None:
    write(tmp_path, WORLD)
    expected: dict[str, str] = {}
    for number in (1, 2, 3):
        for names in itertools.permutations(["run", "other", "Step"], number):
            found, plain, *_ = run_script(WORLD_RUN, str(tmp_path), str(tmp_path / "rows"), "", " ".join(names))
            assert found == plain
            for name, digest in zip(names, found, strict=True):
                assert expected.setdefault(name, digest) == digest
    asked = run_script(WORLD_RUN, str(tmp_path), str(tmp_path / "rows"), "", "other Step run")[2:]
    assert asked == [1, 0]


RUNS = """
import json, sys
from hydra_cached.fingerprint import CodeFingerprints
from tests.fingerprint.projects import FileMemo
sys.path.insert(0, sys.argv[1])
import steps
memo = FileMemo(sys.argv[2])
digests = []
for number in range(4):
    code = CodeFingerprints(memo)
    digests.append([code.of(steps.run)])
    code.read_ahead()
    steps.run(number)
    # of a result
    digests[-1].append(code.of(steps.Store))
    code.flush()
    code.settle()
    memo.save()
steps.LIMIT["x"] = 2
digests.append([CodeFingerprints(memo).of(steps.run)])
steps.LIMIT["x"] = 1
digests.append([CodeFingerprints(memo).of(steps.run)])
print(json.dumps(digests))
"""


def test_what_runs_leave_behind_does_not_count_with_a_memo(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "steps.py": """
            CACHE = {}
            LIMIT = {"x": 1}
            MODEL = None

            class Store:
                kept = {}

                def keep(self, x):
                    self.kept[x] = x

            STORE = Store()

            def remember(function):
                found = {}
                def wrapper(x):
                    found[x] = found[x] if x in found else function(x)
                    return found[x]
                return wrapper

            @remember
            def slow(x):
                return x

            def run(x):
                global MODEL
                MODEL = MODEL or Store()
                CACHE[x] = CACHE.get(x, slow(x))
                STORE.keep(x)
                return CACHE, MODEL, STORE.kept, LIMIT
            """
        },
    )
    rows = tmp_path / "rows"
    found = [run_script(RUNS, str(tmp_path), str(rows)) for _ in range(3)]
    first = found[0][0]
    for runs in found:
        assert runs[:4] == [first] * 4
        changed, restored = runs[4:]
        assert changed[0] != first[0] == restored[0]


EDITS = """
import importlib, json, os, sys
from pathlib import Path
from hydra_cached.fingerprint import CodeFingerprints
from tests.fingerprint.projects import FileMemo

sys.dont_write_bytecode = True
modules, path = set(sys.modules), list(sys.path)

def forget(folder):
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", None) or folder).startswith(folder):
            del sys.modules[name]

memo = FileMemo(sys.argv[1])
found = {}
for name, (folder, before, after) in json.loads(Path(sys.argv[2]).read_text()).items():
    digests = found[name] = []
    for files in ({}, after, before) if sys.argv[3:] else ({},):
        for file, text in files.items():
            Path(folder, file).write_text(text)
        sys.path[:] = [folder, *path]
        importlib.invalidate_caches()
        run = importlib.import_module("steps").run
        code, asked = CodeFingerprints(memo), memo.asked
        digests.append([code.of(run), CodeFingerprints().of(run), memo.asked - asked == 1])
        code.flush()
        forget(folder)
memo.save()
print(json.dumps(found))
"""


def test_fingerprints_are_the_same_with_and_without_a_memo_after_an_edit_and_a_reload(tmp_path: Path) -> None:
    """The memo is filled before the edit, by another process and by this one."""
    projects = dict(variants(CASES))
    plan = {}
    for number, (name, after) in enumerate(projects.items()):
        before = projects[name.partition(":")[0]]
        folder = tmp_path / f"p{number}"
        write(folder, before)
        plan[name] = (str(folder), before, {**after, **dict.fromkeys(before.keys() - after.keys(), "")})
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    (tmp_path / "rows").write_text("{}")
    arguments = (str(tmp_path / "rows"), str(tmp_path / "plan.json"))
    run_script(EDITS, *arguments)
    believed = set()
    for name, digests in run_script(EDITS, *arguments, "with edits").items():
        assert all(with_memo == without for with_memo, without, _ in digests), name
        assert [is_believed for *_, is_believed in digests[1:]] == [False, False]
        believed.update([name] if digests[0][2] else [])
    assert len(believed) > 0.9 * len(plan)
