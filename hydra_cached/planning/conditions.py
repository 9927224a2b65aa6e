"""Tells whether the files and the code on which a stored result depends are as they were. Never decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hydra_cached.errors import HydraCachedError
from hydra_cached.fingerprint import CodeFingerprints, FileDigests
from hydra_cached.planning.reason import Reason
from hydra_cached.store import CONDITIONS, EntryInfo, unpack_conditions
from hydra_cached.targets import locate_target


class ConditionChecker:
    """Checks conditions, each set of them once.

    Args:
        recall: gives what was remembered of a kind under some keys.
    """

    def __init__(
        self, files: FileDigests, code: CodeFingerprints, recall: Callable[[str, Sequence[str]], dict[str, bytes]]
    ) -> None:
        self._files = files
        self._code = code
        self._recall = recall
        self._found: dict[str, bool] = {}

    def check_own(self, info: EntryInfo) -> Reason | None:
        """Why a result does not count though its call is the same; None where it does."""
        for label, digest in info.outputs:
            if (self._files.digest_any(self._files.resolve(label)) or "") != digest:
                there = "changed" if self._files.digest_any(self._files.resolve(label)) else "is gone"
                return Reason("output_changed", f"its output {label} {there}")
        for name, fingerprint in info.carried:
            if self._fingerprint(name) != fingerprint:
                return Reason("code_changed", f"the code of {name}, which its value contains, changed")
        return None

    def hold(self, digest: str) -> bool:
        """Whether the conditions of that digest, and all they refer to, hold now."""
        waiting = [digest] if digest else []
        seen: set[str] = set()
        while waiting:
            found = self._recall(CONDITIONS, waiting)
            below: dict[str, None] = {}
            for each in waiting:
                seen.add(each)
                known = self._found.get(each)
                body = found.get(each)
                try:
                    conditions = unpack_conditions(body) if body is not None else None
                except ValueError:
                    conditions = None
                if conditions is None or known is False:
                    # what cannot be read cannot be said to hold
                    return False
                if known is None:
                    files = (*conditions.inputs, *conditions.outputs)
                    is_good = all(self._is_file(label, content) for label, content in files)
                    is_good = is_good and all(self._fingerprint(name) == code for name, code in conditions.code)
                    self._found[each] = is_good
                    if not is_good:
                        return False
                below.update(dict.fromkeys(conditions.below))
            waiting = [each for each in below if each not in seen]
        return True

    def forget(self) -> None:
        """Look at everything again: a call has run, and may have changed files."""
        self._found.clear()

    def _is_file(self, label: str, digest: str) -> bool:
        return (self._files.digest_any(self._files.resolve(label)) or "") == digest

    def _fingerprint(self, name: str) -> str | None:
        try:
            return self._code.of(locate_target(name))
        except HydraCachedError:
            return None
