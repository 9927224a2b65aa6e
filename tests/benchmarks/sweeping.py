"""A sweep of 20 configs that share an expensive step, against Hydra's own multirun: whole processes, all cold."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import hydra

from tests.benchmarks.measure import Line, Times, at_least, shown

_CONFIGS = 20
_SECONDS = 3.0
"""What the shared step takes. The longer, the nearer the ratio comes to the number of configs."""

# 1.4 warns of any version
_VERSION = "version_base=None, " if hydra.__version__.startswith("1.3.") else ""
_FILES = {
    "steps.py": """
        import time

        def load(seconds):
            time.sleep(seconds)
            return list(range(1000))

        def fit(data, degree):
            return sum(value ** degree for value in data)
        """,
    "conf/config.yaml": f"""
        data:
          _target_: steps.load
          seconds: {_SECONDS}
        model:
          _target_: steps.fit
          data: ${{data}}
          degree: 0
        """,
    "pipeline.py": f"""
        from steps import fit, load

        data = dict(_target_=load, seconds={_SECONDS})
        config = dict(model=dict(_target_=fit, data=data, degree=0))
        """,
}
_APP = """
    import hydra
    from {package} import instantiate

    @hydra.main({version}config_path="conf", config_name="config")
    def main(config):
        print(instantiate(config.model))

    main()
    """


def compare_sweeps(rounds: int) -> Iterator[Line]:
    command = str(Path(sys.executable).parent / "hydra-cached")
    degrees = ",".join(map(str, range(_CONFIGS)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        apps = {
            "with_hydra.py": _APP.format(package="hydra.utils", version=_VERSION),
            "with_hydra_cached.py": _APP.format(package="hydra_cached", version=_VERSION),
        }
        for path, text in {**_FILES, **apps}.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(textwrap.dedent(text))
        swept = f"model.degree={degrees}"
        basic = [sys.executable, "with_hydra.py", "-m", swept]
        ours = [sys.executable, "with_hydra_cached.py", "-m", swept]
        runs = {
            "hydra, basic launcher": basic,
            "hydra-cached run PIPELINE -m": [command, "run", "pipeline", "-m", swept, "--print"],
            "hydra-cached run --config-dir -m": [command, *"run --config-dir conf -o model --print -m".split(), swept],
            "@hydra.main, hydra/launcher=hydra_cached": [*ours, "hydra/launcher=hydra_cached"],
        }
        has_joblib = find_spec("hydra_plugins.hydra_joblib_launcher") is not None
        if has_joblib:
            runs["hydra, joblib launcher"] = [*basic, "hydra/launcher=joblib"]
        # without a round that is not timed: every process starts from nothing, and they take their time
        times = Times(
            tuple(zip(*[[_time(words, folder) for words in runs.values()] for _ in range(rounds)], strict=True))
        )
    seconds = {each: times.seconds(index) for index, each in enumerate(runs)}
    names = list(runs)
    for index, each in enumerate(names):
        yield shown(each, f"{seconds[each]:.1f} s")
        rivals = [("the basic launcher", 0, 10), *([("the joblib launcher", len(names) - 1, 5)] if has_joblib else [])]
        for rival, other, target in rivals if each.startswith("hydra-cached") else ():
            yield at_least(f"  against {rival}", target, times.ratio(other, index))
        for rival, other, _ in rivals if each.startswith("@hydra.main") else ():
            # what Hydra itself does for each job is the same with every launcher
            yield shown(f"  against {rival}", f"{times.ratio(other, index):.1f} x")
    if not has_joblib:
        yield shown("hydra, joblib launcher", "not installed")


def _time(words: list[str], folder: Path) -> float:
    started = time.perf_counter()
    done = subprocess.run(words, cwd=folder, check=True, capture_output=True, encoding="utf-8")
    seconds = time.perf_counter() - started
    results = [line for line in done.stdout.splitlines() if line.isdigit() or line.startswith("{'model'")]
    # what joblib's workers print comes by another way
    assert "joblib" in words[-1] or len(results) == _CONFIGS, done.stdout
    for left in ("multirun", "outputs", "cache"):
        shutil.rmtree(folder / left, ignore_errors=True)
    return seconds
