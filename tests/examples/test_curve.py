"""The example with config groups, as a Hydra application and as a config directory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import hydra_cached.examples
from hydra_cached.examples import curve
from tests.conftest import RunCli

CONFIGS = Path(next(iter(hydra_cached.examples.__path__))) / "curve_conf"
QUICK = "points.seconds=0"


def run_app(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "hydra_cached.examples.curve_app", *words, QUICK],
        cwd=folder, capture_output=True, encoding="utf-8", timeout=100, check=True,
    )  # fmt: skip
    return done.stdout


def errors(text: str) -> list[str]:
    return [line.rpartition(" ")[2] for line in text.splitlines() if " points, error " in line]


def test_the_application_fits_the_model_that_is_chosen(tmp_path: Path) -> None:
    assert errors(run_app(tmp_path, "model=average")) == ["0.525"]
    assert errors(run_app(tmp_path, "points=parabola", "model=parabola")) == ["0.0101"]


def test_the_jobs_of_a_multirun_measure_the_points_once(tmp_path: Path) -> None:
    text = run_app(tmp_path, "-m", "model=line,parabola,average", "hydra/launcher=hydra_cached")
    assert errors(text) == ["0.18", "0.17", "0.525"]
    shared = text.partition("\nshared ")[2].splitlines()
    assert [line.split()[:3] for line in shared if "examples" in line] == [
        ["hydra_cached.examples.curve.measure", "1", "5"]
    ]


def test_the_configs_run_without_the_application(tmp_path: Path, run_cli: RunCli) -> None:
    words = ["--config-dir", str(CONFIGS), "-o", "error", QUICK, "-p"]
    done = run_cli("run", *words, "-m", "model=glob(*)", "--print")
    assert done.stdout == "0.525\n0.18\n0.17\n"
    assert "3 configs, 7 distinct nodes of 9, 7 ran, 2 reused" in done.stderr
    assert "1 hit, 0 cutoff, 0 ran" in run_cli("run", *words, "model=line").stderr


@pytest.mark.parametrize(("degree", "expected"), [(0, [4.5]), (1, [1.0, 1.0]), (2, [1.0, 1.0, 0.0])])
def test_polynomials_have_the_least_squared_error(degree: int, expected: list[float]) -> None:
    points = [(float(x), 1.0 + x) for x in range(8)]
    assert curve.fit_polynomial(points, degree) == pytest.approx(expected, abs=1e-9)
    assert curve.measure_error(expected, points) == (0.0 if degree else 5.25)


def test_points_are_the_same_for_the_same_seed() -> None:
    points = curve.measure("sine", 5, 0.1, seed=3)
    assert points == curve.measure("sine", 5, 0.1, seed=3)
    assert points != curve.measure("sine", 5, 0.1, seed=4)
    assert [x for x, _ in points] == [0.0, 1.5, 3.0, 4.5, 6.0]
    assert curve.average([(0.0, 1.0), (1.0, 3.0)]) == [2.0]
