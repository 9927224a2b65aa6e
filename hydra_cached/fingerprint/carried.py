"""Notes the first-party code that a value contains while the value is digested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hydra_cached.fingerprint.definition import qualified_name

if TYPE_CHECKING:
    from hydra_cached.fingerprint.code import CodeFingerprints


class CarriedCode:
    """What a walk asks about code, with a note of the answers.

    Attributes:
        met: name -> fingerprint of every first-party class, function and module in the value.
    """

    __slots__ = ("_code", "met")

    def __init__(self, code: CodeFingerprints) -> None:
        self._code = code
        self.met: dict[str, str] = {}

    def reference(self, target: Any) -> str | None:
        digest = self._code.reference(target)
        if digest is not None:
            self.met[qualified_name(target)] = digest
        return digest

    def body(self, target: Any) -> str:
        return self._code.body(target)
