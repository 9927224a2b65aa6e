"""Edits, patches and calls with a memo: fingerprints are those without one."""

from __future__ import annotations

import json
from pathlib import Path

from tests.fingerprint import edits_of_effects
from tests.fingerprint.all_edits import CASES
from tests.fingerprint.cases import variants
from tests.fingerprint.scripts import run_script, write

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
    assert {name.partition(":")[0] for name in plan if name not in believed} == NEVER_BELIEVED


NEVER_BELIEVED = {
    *("annotations of what has no name where they are read", "annotations that a library reads"),
    *("annotations that are read", "docstrings that are read", "classes of libraries", "lazy exports", "patches"),
    "code that runs by its name",
}
"""Projects with something in them that cannot be looked at again, so that they are read anew each time."""

PATCHES = """
import contextlib, importlib, json, sys
from pathlib import Path
from hydra_cached.fingerprint import CodeFingerprints
from tests.fingerprint.projects import FileMemo

modules, path = set(sys.modules), list(sys.path)
memo = FileMemo(sys.argv[1])
found = {}
for name, (folder, before, after) in json.loads(Path(sys.argv[2]).read_text()).items():
    sys.path[:] = [folder, *path]
    importlib.invalidate_caches()
    steps = importlib.import_module("steps")
    for file, text in after.items() if sys.argv[3:] else ():
        module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if text != before.get(file) and module in sys.modules:
            # half of a patch is one, too
            with contextlib.suppress(Exception):
                exec(compile(text, str(Path(folder, file)), "exec"), vars(sys.modules[module]))
    code, asked = CodeFingerprints(memo), memo.asked
    found[name] = [code.of(steps.run), CodeFingerprints().of(steps.run), memo.asked - asked == 1]
    code.flush()
    for each in set(sys.modules) - modules:
        if str(getattr(sys.modules[each], "__file__", None) or folder).startswith(folder):
            del sys.modules[each]
if not sys.argv[3:]:
    memo.save()
print(json.dumps(found))
"""


def test_whatever_is_patched_in_a_process_is_seen_with_a_memo(tmp_path: Path) -> None:
    """Every edit is made in what is loaded, and in no file."""
    projects = dict(variants(CASES))
    plan = {}
    for number, (name, after) in enumerate(projects.items()):
        before = projects[name.partition(":")[0]]
        write(tmp_path / f"p{number}", before)
        plan[name] = (str(tmp_path / f"p{number}"), before, after)
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    arguments = (str(tmp_path / "rows"), str(tmp_path / "plan.json"))
    run_script(PATCHES, *arguments)
    usual = run_script(PATCHES, *arguments)
    patched = run_script(PATCHES, *arguments, "patched")
    assert {name for name in plan if patched[name][0] != patched[name][1]} == set()
    believed = [name for name in plan if usual[name][2]]
    assert {name.partition(":")[0] for name in plan if name not in believed} == NEVER_BELIEVED
    # most edits are there to be seen; those of effects on import leave nothing in what is loaded
    told = [name for name in believed if name.partition(":")[0] not in edits_of_effects.CASES]
    assert sum(not patched[name][2] for name in told) > len(told) / 2


CALLS = """
import json, sys
sys.path.insert(0, sys.argv[1])
from hydra_cached import Store, run
found = []
with Store(sys.argv[2]) as store:
    for x in map(int, sys.argv[3:]):
        report = run({"_target_": "steps.run", "x": x}, store=store)
        found.append(report.nodes[0].status)
print(json.dumps(found))
"""


def test_what_calls_change_after_their_code_was_believed_does_not_count(tmp_path: Path) -> None:
    text = """
        SEEN = []
        LAST = None

        def run(x):
            global LAST
            SEEN.append(x)
            LAST = x
            return len(SEEN), LAST
        """
    write(tmp_path, {"steps.py": text})
    folder, cache = str(tmp_path), str(tmp_path / "cache")
    assert run_script(CALLS, folder, cache, "1") == ["ran"]
    assert run_script(CALLS, folder, cache, "1", "2", "2", "1", "3", "2") == ["hit", "ran", "hit", "hit", "ran", "hit"]
    assert run_script(CALLS, folder, cache, "3", "2", "1") == ["hit", "hit", "hit"]
