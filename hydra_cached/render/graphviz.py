"""Turns DOT text into SVG by the program `dot`. Draws nothing itself."""

from __future__ import annotations

import shutil
import subprocess

from hydra_cached.errors import UsageError


def to_svg(dot: str) -> str:
    """The picture of a DOT graph.

    Raises:
        UsageError: Graphviz is not installed, or fails.
    """
    program = shutil.which("dot")
    if program is None:
        raise UsageError(
            "SVG needs Graphviz: there is no program dot",
            hint="install it (apt install graphviz, brew install graphviz), or use --format mermaid",
        )
    done = subprocess.run([program, "-Tsvg"], input=dot.encode("utf-8"), capture_output=True, check=False)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise UsageError(f"Graphviz failed: {said}", hint="use --format dot to see what it was given")
    return done.stdout.decode("utf-8")
