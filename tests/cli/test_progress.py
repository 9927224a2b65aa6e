"""What is running is shown at the bottom of a terminal, and nothing that is written there gets into its way."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.cli.terminals import Watched, watch_on_terminal
from tests.conftest import RunCli

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a terminal that tests can open")
PROGRAM = str(Path(sys.executable).parent / "hydra-cached")
BAR = "━"
STEPS = """
    import logging, subprocess, sys, time

    def speak(number, seconds=0.4):
        for part in range(3):
            print(f"print {number}.{part}")
            time.sleep(seconds / 3)
        sys.stderr.write(f"err {number}")
        sys.stderr.flush()
        time.sleep(seconds)
        sys.stderr.write(" end of it\\n")
        for percent in range(4):
            print(f"{percent} of 3 ({number})", end="\\r", flush=True)
            time.sleep(seconds / 4)
        print()
        subprocess.run(["sh", "-c", f"for part in 1 2 3; do echo shell {number}.$part; done"], check=True)
        logging.getLogger("mine").info("logged %d", number)
        time.sleep(seconds)
        return number

    def fail(number):
        time.sleep(0.8)
        raise ValueError("no such thing")

    def total(numbers):
        return sum(numbers)

    config = dict(_target_=total, numbers=[dict(_target_=speak, number=number) for number in (1, 2, 3)])
    failing = dict(_target_=fail, number=1)
    brief = dict(_target_=total, numbers=[1, 2])
    """


@pytest.fixture
def speaking(project: Callable[[Mapping[str, str]], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TERM", "xterm-256color")
    return project({"speaking.py": STEPS})


def spoken(number: int) -> list[str]:
    return [
        *(f"print {number}.{part}" for part in range(3)),
        f"err {number} end of it",
        f"3 of 3 ({number})",
        *(f"shell {number}.{part}" for part in (1, 2, 3)),
    ]


def footers(watched: Watched) -> list[list[str]]:
    """The lines from the bar on, of every screen that had one."""
    return [screen[index:] for screen in watched.screens for index, line in enumerate(screen) if line.startswith(BAR)]


@pytest.mark.parametrize("rows", [12, 40])
def test_what_anything_writes_stays_whole_and_in_order_above_what_is_running(rows: int, speaking: Path) -> None:
    watched = watch_on_terminal([PROGRAM, "run", "speaking"], rows=rows, columns=100)

    assert watched.exit_code == 0
    said = [line for line in watched.lines if not line.startswith("[")]
    assert said == [line for number in (1, 2, 3) for line in spoken(number)]
    assert [line[11:].split()[:2] for line in watched.lines if line.startswith("[")] == [
        ["INFO", "pipeline"],
        *[["INFO", "running"], ["INFO", "logged"], ["INFO", "finished"]] * 3,
        ["INFO", "running"],
        ["INFO", "finished"],
        ["INFO", "done:"],
    ]
    assert len(footers(watched)) > 5


def test_the_bottom_tells_what_runs_how_long_and_how_much_is_done(speaking: Path) -> None:
    found = footers(watch_on_terminal([PROGRAM, "run", "speaking"]))

    counts = [re.search(r"━ ([0-9]) of 4, ([0-9.]+ m?s)$", lines[0]) for lines in found]
    assert all(counts)
    assert [int(each[1]) for each in counts if each] == sorted(int(each[1]) for each in counts if each)
    assert {len(lines) for lines in found} == {2}
    names = {lines[1].split("  ")[1] for lines in found if len(lines[1].split("  ")) > 1}
    assert {"numbers.0 (speaking.speak)", "numbers.1 (speaking.speak)"} <= names


def test_nothing_of_it_is_left_at_the_end_and_the_whole_screen_scrolls_again(speaking: Path) -> None:
    watched = watch_on_terminal([PROGRAM, "run", "speaking"])

    assert not any(BAR in line for line in watched.lines)
    assert watched.lines[-1].endswith(" s)")
    assert watched.cursor[1] == 0
    assert watched.written.rstrip().rfind(b"\x1b[r") > watched.written.rfind(b"r\x1b8")


def test_a_second_run_knows_how_long_it_will_take_and_what_was_reused(speaking: Path) -> None:
    watch_on_terminal([PROGRAM, "run", "speaking", "-p"])
    again = watch_on_terminal([PROGRAM, "run", "speaking", "-p", "--force", "numbers.1"])

    [*_, last] = footers(again)
    assert re.search(r"━ 2 of 4, 2 reused, ", last[0])
    assert re.fullmatch(r"  numbers\.1 \(speaking\.speak\) +[0-9.]+ m?s of about [0-9.]+ s", last[1])


def test_after_a_failure_the_traceback_is_whole(speaking: Path) -> None:
    watched = watch_on_terminal([PROGRAM, "run", "speaking", "-o", "failing"])

    assert watched.exit_code == 1
    assert footers(watched)
    text = "\n".join(watched.lines)
    assert "ValueError: no such thing" in text
    assert BAR not in text


@pytest.mark.parametrize(
    ("words", "variables"),
    [
        (["--json"], {}),
        (["-l", "warning"], {}),
        (["-o", "brief"], {}),
        ([], {"TERM": "dumb"}),
    ],
    ids=str,
)
def test_where_it_is_not_wanted_or_not_worth_it_nothing_is_shown(
    words: list[str], variables: dict[str, str], speaking: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    watched = watch_on_terminal([PROGRAM, "run", "speaking", *words])

    assert watched.exit_code == 0
    assert BAR.encode() not in watched.written
    assert b"\x1b7" not in watched.written


def test_a_terminal_of_few_rows_is_left_alone(speaking: Path) -> None:
    watched = watch_on_terminal([PROGRAM, "run", "speaking"], rows=6)

    assert b"\x1b7" not in watched.written


def test_in_a_pipe_there_are_plain_lines_only(speaking: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "speaking")

    assert "\x1b" not in done.stdout + done.stderr
    assert BAR not in done.stderr


def test_user_code_that_closes_the_terminal_gets_nothing_into_its_files(speaking: Path) -> None:
    (speaking / "closing.py").write_text(
        "import os, time\n"
        "def close():\n"
        "    time.sleep(0.7)\n"
        "    os.close(2)\n"
        "    with open('taken.txt', 'w') as file:\n"
        "        assert file.fileno() == 2\n"
        "        time.sleep(0.5)\n"
        "config = dict(_target_=close)\n"
    )
    watched = watch_on_terminal([PROGRAM, "run", "closing"])

    assert watched.exit_code == 0
    assert footers(watched)
    assert (speaking / "taken.txt").read_text() == ""
