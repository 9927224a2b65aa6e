"""Remembered fingerprints are believed only while everything that they were made from is the same."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import pytest

from tests.fingerprint import edits_of_effects
from tests.fingerprint.scripts import WORLD_RUN, run_script, write
from tests.fingerprint.worlds import NOT_SEEN, ODD, ODD_WORLD, SEEN, WORLD


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, and what its first runs remember."""
    folder = tmp_path_factory.mktemp("world")
    write(folder, WORLD)
    (folder / "rows").write_text("{}")
    run_script(WORLD_RUN, str(folder), str(folder / "rows"), "")
    return folder


@pytest.fixture(scope="module")
def odd_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another one."""
    folder = tmp_path_factory.mktemp("odd")
    write(folder, ODD_WORLD)
    run_script(WORLD_RUN, str(folder), str(folder / "rows"), "")
    return folder


def look(world: Path, code: str, tmp_path: Path, **options: Any) -> tuple[str, str, bool]:
    """Fingerprints of `steps.run` with and without a memo where ``code`` was run before; whether nothing was read."""
    rows = tmp_path / "rows"
    rows.write_bytes((world / "rows").read_bytes())
    (found,), (plain,), asked, parsed = run_script(WORLD_RUN, str(world), str(rows), code, **options)
    # its own row, and that of what is installed: not one of a file
    return found, plain, asked <= 2 and not parsed


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


def test_nothing_is_read_of_odd_code_either(odd_world: Path, tmp_path: Path) -> None:
    found, plain, is_believed = look(odd_world, "", tmp_path, seed=3)
    assert found == plain
    assert is_believed


@pytest.mark.parametrize("code", ODD)
def test_fingerprints_of_odd_code_are_the_same_with_and_without_a_memo(
    odd_world: Path, tmp_path: Path, code: str
) -> None:
    found, plain, _ = look(odd_world, code, tmp_path)
    assert found == plain


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
            **edits_of_effects.ACME,
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
