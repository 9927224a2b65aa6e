"""Why a node must run, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

ReasonCode: TypeAlias = Literal[
    "new",
    "code_changed",
    "arguments_changed",
    "input_file_changed",
    "env_changed",
    "version_changed",
    "package_changed",
    "upstream_changed",
    "not_deterministic",
    "excluded",
    "not_stored",
    "not_digestible",
    "entry_damaged",
    "entry_untrusted",
    "entry_unreadable",
    "forced",
    "shares_argument",
    "output_changed",
    "schema_changed",
    "not_persisted",
]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a node must run: a code of the contract, and a detail in words."""

    code: ReasonCode
    detail: str = ""
