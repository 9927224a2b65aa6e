from __future__ import annotations

import pytest

from tests.fingerprint.all_edits import CASES
from tests.fingerprint.cases import variants
from tests.fingerprint.edits import HARMFUL, HARMLESS, write_project
from tests.fingerprint.projects import fingerprints

COUNTS = [(name, edit) for name, case in CASES.items() for edit in case.counts]
DOES_NOT = [(name, edit) for name, case in CASES.items() for edit in case.does_not]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    projects = {"": write_project(None)}
    projects.update({name: write_project(edit) for name, edit in {**HARMLESS, **HARMFUL}.items()})
    return fingerprints(tmp_path_factory.mktemp("edits"), projects)


@pytest.fixture(scope="module")
def found_of_cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return fingerprints(tmp_path_factory.mktemp("cases"), dict(variants(CASES)))


@pytest.mark.parametrize("name", HARMLESS)
def test_an_edit_that_changes_nothing_does_not_count(found: dict[str, str], name: str) -> None:
    assert found[name] == found[""]


@pytest.mark.parametrize("name", HARMFUL)
def test_an_edit_that_changes_what_runs_counts(found: dict[str, str], name: str) -> None:
    assert found[name] != found[""]


@pytest.mark.parametrize(("name", "edit"), DOES_NOT)
def test_an_edit_of_a_case_that_changes_nothing_does_not_count(
    found_of_cases: dict[str, str], name: str, edit: str
) -> None:
    assert found_of_cases[f"{name}: {edit}"] == found_of_cases[name]


@pytest.mark.parametrize(("name", "edit"), COUNTS)
def test_an_edit_of_a_case_that_changes_what_runs_counts(found_of_cases: dict[str, str], name: str, edit: str) -> None:
    assert found_of_cases[f"{name}: {edit}"] != found_of_cases[name]


def test_each_edit_is_told_from_every_other(found: dict[str, str]) -> None:
    assert len({found[name] for name in HARMFUL}) == len(HARMFUL)


def test_a_fingerprint_is_the_same_elsewhere_and_under_another_hash_seed(
    found: dict[str, str], found_of_cases: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    projects = {"": write_project(None), **{name: case.before() for name, case in CASES.items()}}
    again = fingerprints(tmp_path_factory.mktemp("moved") / "further" / "down", projects, seed=42)
    assert again == {"": found[""], **{name: found_of_cases[name] for name in CASES}}
