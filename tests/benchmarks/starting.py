"""Start-up as users feel it: whole processes, in turns."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measure import Line, below, shown, take_turns

TYPER_APP = """
import typer

app = typer.Typer()

@app.command()
def one(name: str) -> None:
    "Say something."

@app.command()
def other(name: str) -> None:
    "Say something else."

app()
"""
HYDRA_APP = """
import hydra

@hydra.main(version_base=None)
def main(config):
    print("Hello, World!")

main()
"""


def compare_starts(rounds: int) -> Iterator[Line]:
    command = str(Path(sys.executable).parent / "hydra-cached")
    with tempfile.TemporaryDirectory() as folder:
        typer_app, hydra_app = Path(folder, "typer_app.py"), Path(folder, "hydra_app.py")
        typer_app.write_text(TYPER_APP)
        hydra_app.write_text(HYDRA_APP)
        hello = [command, "run", "hydra_cached.examples.hello", "-p", "--print"]
        times = take_turns(
            lambda: _run([sys.executable, str(typer_app), "--help"], folder),
            lambda: _run([command, "--help"], folder),
            lambda: _run([command, "target-id", "json.dumps"], folder),
            lambda: _run([sys.executable, str(hydra_app), "hydra.run.dir=out"], folder),
            lambda: _run(hello, folder),
            rounds=rounds,
        )
        assert _run(hello, folder) == _run([sys.executable, str(hydra_app)], folder) == "Hello, World!\n"
    yield shown("a minimal typer application, --help", f"{times.seconds(0) * 1e3:.0f} ms")
    yield below("hydra-cached --help", 1.2, times.ratio(1, 0), " x")
    yield below("hydra-cached target-id json.dumps", 1.2, times.ratio(2, 0), " x")
    yield shown("hydra.main, hello world", f"{times.seconds(3) * 1e3:.0f} ms")
    yield below("hydra-cached run hello -p, warm", 1, times.ratio(4, 3), " x")


def _run(command: list[str], folder: str) -> str:
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, encoding="utf-8").stdout
