"""All cases of edited code, by name."""

from __future__ import annotations

from tests.fingerprint import (
    edits_of_classes,
    edits_of_decorators,
    edits_of_effects,
    edits_of_functions,
    edits_of_imports,
    edits_of_lookups,
    edits_of_made_classes,
    edits_of_modules,
    edits_of_registries,
)
from tests.fingerprint.cases import Case

CASES: dict[str, Case] = {
    **edits_of_classes.CASES,
    **edits_of_made_classes.CASES,
    **edits_of_decorators.CASES,
    **edits_of_functions.CASES,
    **edits_of_lookups.CASES,
    **edits_of_effects.CASES,
    **edits_of_modules.CASES,
    **edits_of_imports.CASES,
    **edits_of_registries.CASES,
}
