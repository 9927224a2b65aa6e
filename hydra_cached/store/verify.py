"""Finds what is wrong with a store, and mends what can be mended. Loads no value and trusts nothing that it reads.

What is mended: a damaged index is made again, damaged rows and objects are set aside, dangling rows and entries without
an object removed, and results that were written but are in no index entered. What carries another key's seal is told,
and stays for whoever has that key.
"""

from __future__ import annotations

from hydra_cached.store.access import Access
from hydra_cached.store.faults import CorruptIndexError
from hydra_cached.store.progress import Progress, ignore_progress
from hydra_cached.store.recovery import is_absent
from hydra_cached.store.rows import Rows
from hydra_cached.store.verification import Problem, Verification, Verified

_MOST_NAMED = 20


def verify_store(access: Access, *, is_repairing: bool, progress: Progress = ignore_progress) -> Verified:
    """Check the index, every row, and every byte of every object.

    Args:
        is_repairing: mend what can be mended.
        progress: called with what was looked at and all there is, in bytes.

    Raises:
        StoreError: the index cannot be opened, stays locked, or cannot be written.
    """
    directory = access.directory
    if directory is None:
        return Verified(0, 0, 0, ())
    if is_absent(directory.index) and directory.has_objects():
        problem = Problem("damaged_index", str(directory.index), "it is gone", is_mended=is_repairing)
        if not is_repairing:
            return _only(problem)
        rows: Rows | None = access.rows()
        problems = [problem]
    else:
        rows, problems = _open(access, is_repairing=is_repairing)
    if rows is None:
        return _only(*problems)
    try:
        found = Verification(rows, is_repairing=is_repairing, progress=progress).run()
    except CorruptIndexError as exc:
        # sqlite does not look into texts and blobs
        problems.append(Problem("damaged_index", str(rows.index.folder), exc.message, is_mended=is_repairing))
        if not is_repairing:
            # the rest cannot be looked at before this is mended
            return _only(*problems)
        found = Verification(access.mend(exc), is_repairing=True, progress=progress).run()
    return Verified(found.rows, found.objects, found.object_bytes, (*problems, *found.problems))


def _only(*problems: Problem) -> Verified:
    return Verified(0, 0, 0, problems)


def _open(access: Access, *, is_repairing: bool) -> tuple[Rows | None, list[Problem]]:
    """The rows, and what is wrong with the index as a whole; no rows where it cannot be opened."""
    try:
        rows = access.rows(as_it_is=True)
        faults = [] if rows is None else check_index(rows)
        fault = CorruptIndexError(faults[0], identity=rows.index.identity) if rows is not None and faults else None
    except CorruptIndexError as exc:
        rows, faults, fault = None, [exc.message], exc
    assert access.directory is not None, "it was looked for"
    folder = str(access.directory.index)
    problems = [Problem("damaged_index", folder, each, is_mended=is_repairing) for each in faults]
    if fault is not None and is_repairing:
        rows = access.mend(fault)
    return rows, problems


def check_index(rows: Rows) -> list[str]:
    """What sqlite finds wrong with a database.

    Raises:
        CorruptIndexError: so much that it cannot even look.
    """
    found = [str(line) for (line,) in rows.index.scan(f"PRAGMA integrity_check({_MOST_NAMED})")]
    return [] if found == ["ok"] else found
