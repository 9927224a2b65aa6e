"""`hydra/launcher=hydra_cached`: jobs of a multirun share what they instantiate."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import hydra
import pytest

from hydra_cached import Store, instantiate
from hydra_cached.api.ambient import use_store
from hydra_cached.events import Event, NodeFinished

Project = Callable[[Mapping[str, str]], Path]

# 1.4 warns of any version
MAIN = "hydra.main(version_base=None, " if hydra.__version__.startswith("1.3.") else "hydra.main("
APP = {
    "steps.py": """
        def note(name):
            with open(NOTES, "a") as file:
                file.write(name + "\\n")

        def load(n):
            note("load")
            return list(range(n))

        def fit(data, degree):
            note(f"fit {degree}")
            if degree == 13:
                raise ValueError("thirteen")
            data.append(degree)
            return sum(data)
        """,
    "app.py": f"""
        import os
        import hydra
        from hydra_cached import instantiate

        @{MAIN}config_path="conf", config_name="config")
        def main(config):
            data = instantiate(config.data)
            model = instantiate(config.model)
            print("result", len(data), model, os.path.basename(os.getcwd()))
            return model

        if __name__ == "__main__":
            main()
        """,
    "conf/config.yaml": """
        defaults:
          - model: low
          - _self_
        data: {_target_: steps.load, n: 4}
        """,
    "conf/model/low.yaml": "_target_: steps.fit\ndata: ${data}\ndegree: 1\n",
    "conf/model/high.yaml": "defaults:\n  - low\ndegree: 10\n",
}
SHARED = ["hydra/launcher=hydra_cached"]


@pytest.fixture
def app(project: Project) -> Path:
    folder = project(APP)
    steps = folder / "steps.py"
    steps.write_text(f"NOTES = {str(folder / 'calls.txt')!r}\n\n{steps.read_text()}")
    return folder


def run_app(folder: Path, *words: str, code: int = 0) -> str:
    """What the application printed and logged."""
    done = subprocess.run(
        [sys.executable, "app.py", *words], cwd=folder, capture_output=True, encoding="utf-8", timeout=100, check=False
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def results(text: str) -> list[str]:
    return [line.removeprefix("result ") for line in text.splitlines() if line.startswith("result")]


def calls(folder: Path) -> list[str]:
    path = folder / "calls.txt"
    return path.read_text().splitlines() if path.exists() else []


def table(text: str) -> list[list[str]]:
    """Lines of the tables at the end, cut into words."""
    lines = text.splitlines()
    [first] = [index for index, line in enumerate(lines) if line.startswith("#  overrides")]
    return [line.split() for line in lines[first + 1 :] if line and not line.startswith(("[", "result"))]


def test_what_jobs_instantiate_in_common_is_made_once(app: Path) -> None:
    text = run_app(app, "-m", "model=low,high", "model.degree=1,2,3", *SHARED)

    assert [line.split()[:2] for line in results(text)] == [["4", str(6 + degree)] for degree in (1, 2, 3)] * 2
    assert calls(app) == ["load", "fit 1", "fit 2", "fit 3"]


def test_the_table_at_the_end_tells_what_was_shared(app: Path) -> None:
    text = run_app(app, "-m", "model=low,high", *SHARED)

    first, second, head, *shared, last = table(text)
    assert (first[:3], second[:3]) == (["0", "model=low", "done"], ["1", "model=high", "done"])
    assert head == ["shared", "made", "reused", "saved"]
    assert [row[:3] for row in shared] == [["steps.load", "1", "3"]]
    assert last[0] == "saved"


def test_each_job_has_objects_of_its_own(app: Path) -> None:
    # `fit` changes its data in place, and `data` itself is printed after that
    assert {line.split()[0] for line in results(run_app(app, "-m", "model.degree=1,2", *SHARED))} == {"4"}


def test_a_failed_job_leaves_the_others_alone(app: Path) -> None:
    text = run_app(app, "-m", "model.degree=1,13,2", *SHARED, code=1)

    assert len(results(text)) == 2
    assert "thirteen" in text
    assert [row[2] for row in table(text)[:3]] == ["done", "failed", "done"]
    assert calls(app) == ["load", "fit 1", "fit 13", "fit 2"]


def test_a_job_that_exits_leaves_the_others_alone(app: Path) -> None:
    steps = app / "steps.py"
    steps.write_text(steps.read_text().replace('raise ValueError("thirteen")', "raise SystemExit(7)"))
    path = app / "app.py"
    path.write_text(
        path.read_text().replace(
            "        return model", "        if model == 106: raise SystemExit\n        return model"
        )
    )
    text = run_app(app, "-m", "model.degree=1,13,100,2", *SHARED, code=1)

    assert [row[2] for row in table(text)[:4]] == ["done", "failed", "done", "done"]
    assert "the job exited with 7" in text
    assert calls(app) == ["load", "fit 1", "fit 13", "fit 100", "fit 2"]


@pytest.mark.parametrize(
    ("cache_dir", "message"), [("app.py", 'app.py" is a file'), ("''", "hydra.launcher.cache_dir is empty")]
)
def test_a_cache_directory_that_cannot_be_used_is_one_error(app: Path, cache_dir: str, message: str) -> None:
    before = sorted(path.name for path in app.iterdir())
    text = run_app(app, "-m", "model.degree=1,2", *SHARED, f"hydra.launcher.cache_dir={cache_dir}", code=1)

    assert "Traceback" not in text
    [error, hint] = [line for line in text.splitlines() if line.startswith(("error: ", "hint: "))]
    assert message in error
    assert hint.startswith("hint: ")
    assert " -c " not in hint
    assert calls(app) == []
    assert [path.name for path in app.iterdir() if path.name not in (*before, "multirun")] == []


def test_results_are_kept_where_that_is_asked_for(app: Path) -> None:
    for _ in range(2):
        run_app(app, "-m", "model.degree=1,2", *SHARED, "hydra.launcher.cache_dir=store", "hydra.job.chdir=true")

    assert calls(app) == ["load", "fit 1", "fit 2"]
    assert (app / "store" / "CACHEDIR.TAG").exists()


def test_otherwise_nothing_is_left_behind(app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    run_app(app, "-m", "model.degree=1,2", *SHARED)

    assert list(scratch.iterdir()) == []
    assert not (app / "cache").exists()


def test_batches_of_a_sweeper_share_too(app: Path) -> None:
    run_app(app, "-m", "model.degree=1,2,3,4", *SHARED, "hydra.sweeper.max_batch_size=2")

    assert calls(app).count("load") == 1


def test_jobs_run_where_hydra_lets_them_run(app: Path) -> None:
    text = run_app(app, "-m", "model.degree=1,2", *SHARED, "hydra.job.chdir=true", "hydra.sweep.dir=out")

    assert [line.split()[-1] for line in results(text)] == ["0", "1"]
    assert (app / "out" / "1" / ".hydra" / "config.yaml").exists()


@pytest.mark.parametrize("words", [[], ["-m", "model.degree=1,2"]], ids=["one job", "basic launcher"])
def test_without_the_launcher_the_application_is_as_with_hydras_own_import(words: list[str], app: Path) -> None:
    ours = results(run_app(app, *words))
    made = calls(app)
    path = app / "app.py"
    path.write_text(path.read_text().replace("from hydra_cached import", "from hydra.utils import"))

    assert results(run_app(app, *words)) == ours
    # `fit` and the data it refers to, and the data alone
    assert calls(app)[len(made) :] == made


def test_an_application_that_instantiates_with_hydra_runs_as_before(app: Path) -> None:
    path = app / "app.py"
    path.write_text(path.read_text().replace("from hydra_cached import", "from hydra.utils import"))
    text = run_app(app, "-m", "model.degree=1,2", *SHARED)

    assert len(results(text)) == 2
    assert calls(app).count("load") == 4
    assert "nothing was shared" in text


def test_a_store_around_it_is_used_by_instantiate_until_it_is_left(tmp_path: Path) -> None:
    config = {"_target_": "builtins.list", "_args_": [[1, 2]]}
    seen: list[Event] = []
    with Store(tmp_path / "cache") as store:
        with use_store(store, seen.append):
            first, second = instantiate(config), instantiate(config)
            assert instantiate(config, cache="DISABLED") == first
        instantiate(config)

    assert first == second
    assert first is not second
    assert [event.status for event in seen if isinstance(event, NodeFinished)] == ["ran", "hit"]


def test_hydra_finds_the_launcher_and_importing_it_is_cheap() -> None:
    code = (
        "import sys; from hydra.core.plugins import Plugins; from hydra.plugins.launcher import Launcher\n"
        "print(*[each.__name__ for each in Plugins.instance().discover(Launcher)])\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('hydra_cached', 'diskcache', 'rich')])"
    )
    done: Any = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True, env={**os.environ}
    )

    names, loaded = done.stdout.splitlines()
    assert "HydraCachedLauncher" in names.split()
    assert loaded == "[]"
