"""`run`: what is computed, what is reused, and what goes where."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.cli.pipelines import RESULT, calls, document, statuses
from tests.cli.terminals import run_on_terminal
from tests.conftest import RunCli

Project = Callable[[Mapping[str, str]], Path]


def test_a_run_writes_nothing_of_its_own_to_stdout_and_a_closing_line_to_stderr(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "conf")
    assert (done.returncode, done.stdout) == (0, "")
    assert "done: 3 nodes, 0 hit, 0 cutoff, 3 ran, 0 failed in " in done.stderr.splitlines()[-1]
    assert calls(folder) == ["load", "scale", "total"]


@pytest.mark.parametrize(
    ("command", "arguments"),
    [("instantiate", []), ("python", ["-m", "hydra_cached", "run"]), ("hydra-cached", ["run"])],
)
def test_every_spelling_of_the_command_runs_a_pipeline(
    command: str, arguments: list[str], folder: Path, run_cli: RunCli
) -> None:
    done = run_cli(*arguments, "conf", "--print", command=command)
    assert (done.returncode, done.stdout) == (0, f"{RESULT}\n")


def test_without_p_nothing_is_stored(folder: Path, run_cli: RunCli) -> None:
    for _ in range(2):
        assert run_cli("run", "conf", "-c", "store").returncode == 0
    assert calls(folder) == ["load", "scale", "total"] * 2
    assert not (folder / "store").exists()


def test_with_p_a_second_process_finds_the_result_and_calls_nothing(folder: Path, run_cli: RunCli) -> None:
    assert set(statuses(run_cli("run", "conf", "-p", "--json")).values()) == {"ran"}
    again = run_cli("run", "conf", "-p", "--json")
    assert statuses(again) == {"": "hit", "values": "skipped", "values.values": "skipped"}
    assert document(again)["result"] == str(RESULT)
    assert calls(folder) == ["load", "scale", "total"]
    assert "done: 3 nodes, 1 hit, 0 cutoff, 0 ran, 2 skipped, 0 failed in " in again.stderr


def test_only_what_an_override_changes_is_computed_again(folder: Path, run_cli: RunCli) -> None:
    run_cli("run", "conf", "-p")
    again = run_cli("run", "conf", "-p", "--json", "values.by=3")
    assert statuses(again) == {"": "ran", "values": "ran", "values.values": "hit"}
    assert calls(folder)[3:] == ["scale", "total"]


def test_overrides_of_all_kinds_get_through(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "conf", "+offset=-1", "~values.by", "values.values.n=3", "--print")
    assert done.stdout == f"{0 + 1 + 2 - 1}\n"
    assert run_cli("run", "conf", "--print", "~values", "+values=[1,2]").stdout == "3\n"


def test_o_chooses_the_object(folder: Path, run_cli: RunCli) -> None:
    assert run_cli("run", "conf", "-o", "other", "--print").stdout == "106\n"
    assert run_cli("run", "conf.py:other", "--print").stdout == "106\n"


def test_c_and_the_environment_choose_the_directory(folder: Path, run_cli: RunCli) -> None:
    run_cli("run", "conf", "-p", "-c", "one")
    run_cli("run", "conf", "-p", env={"HYDRA_CACHED_DIR": "two"})
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == ["one", "two"]
    assert calls(folder) == ["load", "scale", "total"] * 2


@pytest.mark.parametrize("dash", ["-", "_"])
def test_long_options_have_two_spellings(dash: str, folder: Path, run_cli: RunCli) -> None:
    options = {
        "config-object": "other",
        "persist-cache": None,
        "cache-dir": "store",
        "cache-verbose": None,
        "display-config": None,
        "exclude-persisting-targets": "steps.load",
        "log-level": "info",
        "time-min-persist": "0",
    }
    words: list[str] = []
    for name, value in options.items():
        words += [f"--{name.replace('-', dash)}", *([] if value is None else [value])]
    done = run_cli("run", "conf", *words, "--print")
    assert (done.returncode, done.stdout) == (0, "106\n")


def test_verbose_logs_every_look_up(folder: Path, run_cli: RunCli) -> None:
    assert "looked up" not in run_cli("run", "conf", "-p").stderr
    assert "looked up steps.total by recipe key" in run_cli("run", "conf", "-p", "-v").stderr


def test_the_config_is_displayed_on_stderr(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "conf", "-d", "values.by=7")
    assert done.stdout == ""
    assert "_target_: steps.total\nvalues:\n  _target_: steps.scale\n" in done.stderr
    assert "\n  by: 7\n" in done.stderr


def test_excluded_targets_are_neither_loaded_nor_stored(folder: Path, run_cli: RunCli) -> None:
    for _ in range(2):
        done = run_cli("run", "conf", "-p", "--json", "-e", "steps.load,steps.t*", "-e", "os.path.join")
    assert statuses(done)[""] == "ran"
    assert {node["path"]: node["stored"] for node in document(done)["nodes"]} == {
        "": False,
        "values": True,
        "values.values": False,
    }


def test_results_of_short_calls_are_not_stored_with_t(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "conf", "-p", "-t", "60000", "--json")
    assert [node["stored"] for node in document(done)["nodes"]] == [False, False, False]


def test_the_log_level_is_respected_in_any_case(folder: Path, run_cli: RunCli) -> None:
    assert run_cli("run", "conf", "-l", "warning").stderr == ""
    assert "running steps.total" in run_cli("run", "conf", "-l", "Info").stderr


def test_users_own_records_follow_the_level(project: Project, run_cli: RunCli) -> None:
    project(
        {
            "talk.py": """
            import logging

            def talk():
                logging.getLogger("mine").info("of mine")
                logging.getLogger("mine").debug("too much")

            config = dict(_target_=talk)
            """
        }
    )
    stderr = run_cli("run", "talk").stderr
    assert "of mine" in stderr
    assert "too much" not in stderr


@pytest.fixture
def printing(project: Project) -> Path:
    return project(
        {
            "printing.py": """
            import atexit, os, sys

            def shout():
                print("from python")
                os.system("echo from a shell")
                os.write(1, b"from a descriptor\\n")
                atexit.register(print, "from the end")
                return "größer 🙂"

            config = dict(_target_=shout)
            print("from the module")
            """
        }
    )


def test_json_is_alone_on_stdout_whatever_the_pipeline_prints(printing: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "printing", "--json")
    assert document(done)["result"] == "'größer 🙂'"
    for words in ("from python", "from a shell", "from a descriptor", "from the module", "from the end"):
        assert words in done.stderr


def test_a_printed_result_is_alone_on_stdout(printing: Path, run_cli: RunCli) -> None:
    assert run_cli("run", "printing", "--print").stdout == "größer 🙂\n"


def test_otherwise_stdout_belongs_to_the_pipeline(printing: Path, run_cli: RunCli) -> None:
    lines = run_cli("run", "printing").stdout.splitlines()
    assert sorted(lines) == [
        "from a descriptor", "from a shell", "from python", "from the end", "from the module",
    ]  # fmt: skip


def test_a_printed_result_needs_no_utf8_locale(printing: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "printing", "--print", env={"PYTHONIOENCODING": "ascii"})
    assert done.stdout == "größer 🙂\n"


def test_the_document_names_every_node_and_reason(folder: Path, run_cli: RunCli) -> None:
    done = document(run_cli("run", "conf", "--json"))
    assert (done["pipeline"], done["ok"], done["error"]) == ("conf", True, None)
    assert [(node["path"], node["target"], node["reason"]["code"]) for node in done["nodes"]] == [
        ("values.values", "steps.load", "not_persisted"),
        ("values", "steps.scale", "not_persisted"),
        ("", "steps.total", "not_persisted"),
    ]
    assert done["summary"]["nodes"] == 3
    assert done["run_id"]


@pytest.mark.parametrize("variable", ["", "NO_COLOR", "TERM"])
def test_colours_are_for_terminals_that_want_them(variable: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    if variable:
        monkeypatch.setenv(variable, "dumb")
    code, shown = run_on_terminal("run", "conf")
    assert code == 0
    assert "nodes" in shown
    colours = {code for code in re.findall(r"\x1b\[([0-9;]*)m", shown) if re.search(r"\b3[0-7]\b", code)}
    assert bool(colours) == (not variable)


@pytest.mark.parametrize("words", [(), ("-j", "2")], ids=["inline", "processes"])
def test_durable_run_stores_as_any_other(folder: Path, run_cli: RunCli, words: tuple[str, ...]) -> None:
    assert run_cli("run", "conf", "-p", "--durable", *words).returncode == 0
    assert run_cli("run", "conf", "-p", "-n", "--exit-code").returncode == 0
