"""Commands on a terminal that the test holds the other end of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run_on_terminal(*arguments: str, typed: bytes = b"") -> tuple[int, str]:
    """Exit code of `hydra-cached` on a terminal, and all that appeared there, what was typed included."""
    pty = pytest.importorskip("pty", reason="needs a terminal that tests can open")
    ours, theirs = pty.openpty()
    command = [str(Path(sys.executable).parent / "hydra-cached"), *arguments]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        os.write(ours, typed)
        shown = bytearray()
        while True:
            try:
                chunk = os.read(ours, 10_000)
            except OSError:
                # how Linux says that the other end was closed
                break
            if not chunk:
                break
            shown += chunk
    os.close(ours)
    return process.returncode, shown.decode().replace("\r\n", "\n")
