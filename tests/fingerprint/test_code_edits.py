from __future__ import annotations

import pytest

from tests.fingerprint.edits import HARMFUL, HARMLESS, write_project
from tests.fingerprint.projects import fingerprints


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    projects = {"": write_project(None)}
    projects.update({name: write_project(edit) for name, edit in {**HARMLESS, **HARMFUL}.items()})
    return fingerprints(tmp_path_factory.mktemp("edits"), projects)


@pytest.mark.parametrize("name", HARMLESS)
def test_an_edit_that_changes_nothing_does_not_count(found: dict[str, str], name: str) -> None:
    assert found[name] == found[""]


@pytest.mark.parametrize("name", HARMFUL)
def test_an_edit_that_changes_what_runs_counts(found: dict[str, str], name: str) -> None:
    assert found[name] != found[""]


def test_each_edit_is_told_from_every_other(found: dict[str, str]) -> None:
    assert len({found[name] for name in HARMFUL}) == len(HARMFUL)


def test_a_fingerprint_is_the_same_elsewhere_and_under_another_hash_seed(
    found: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    again = fingerprints(tmp_path_factory.mktemp("moved") / "further" / "down", {"": write_project(None)}, seed=42)
    assert again[""] == found[""]
