"""Which rows of the index go with which: the one place that decides what may be swept, and what an entry needs.

Rows of kinds that are not named here belong to nobody: they stay until the whole store is cleared.
"""

from __future__ import annotations

import json

from hydra_cached.store.conditions import unpack_conditions
from hydra_cached.store.record import (
    CLOSURE,
    CODE_MEMO,
    CONDITIONS,
    ENTRY,
    FILE_MEMO,
    LATEST,
    LINK,
    PIN,
    STATISTICS,
    TEXT,
    UNSTORED,
    unpack_entry,
    unpack_link,
)

OWNERS = {
    STATISTICS: "substr(Cache.key, 3)",
    LINK: "Cache.tag",
    LATEST: "Cache.tag",
    PIN: "substr(Cache.key, 3)",
}
"""Kinds of rows that belong to one entry, and go with it: SQL over ``Cache`` that gives the key of that entry.

Uses of objects do so too; they are swept together with the objects.
"""

REFERRING = (ENTRY, LINK)
"""Kinds of rows that refer to shared ones of themselves."""

SHARED = (CONDITIONS, CLOSURE, TEXT)
"""Kinds of rows that several others may refer to. They go when no entry or link leads to them any more."""

SHARED_GRACE_S = 3600.0
"""Age up to which shared rows stay, referred to or not: what refers to them may be on its way."""

NAMED_CODE = ("@depends_on ", "@code ")
"""Begin the names of arguments that stand for code beside that of the target."""

MEMOS = (FILE_MEMO, CODE_MEMO, UNSTORED)
"""Kinds of rows that spare finding something out again. They go by age."""

MEMO_AGE_S = 90 * 86_400.0


def references_of(row_key: str, body: bytes) -> tuple[str, ...]:
    """Keys of the shared rows that a row refers to. Asked of `REFERRING` rows, and of the shared ones they lead to.

    Args:
        body: what the row says. Its seal was not checked: a forged reference only keeps what nobody needs.

    Raises:
        ValueError: the body cannot be read; it refers to nothing then.
    """
    kind = row_key[:2]
    if kind == ENTRY:
        info = unpack_entry(row_key[2:], body).info
        named = (digest for name, digest in info.arguments if name.startswith(NAMED_CODE))
        return tuple(CLOSURE + code for code in (info.code, *named) if code)
    if kind == LINK:
        _, conditions = unpack_link(body)
        return (CONDITIONS + conditions,) if conditions else ()
    if kind == CONDITIONS:
        return tuple(CONDITIONS + each for each in unpack_conditions(body).below)
    if kind == CLOSURE:
        # kind, id, digest, file and line of each definition
        return tuple(TEXT + str(each[2]) for each in json.loads(body))
    return ()
