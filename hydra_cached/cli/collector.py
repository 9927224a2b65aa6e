"""How often Python's cyclic garbage collector looks through what there is."""

from __future__ import annotations

import gc

_USUAL = gc.get_threshold()
_RARELY = 50_000


def collect_rarely() -> None:
    """For the start, in which modules are imported: all of them stay, and looking through them again takes time."""
    gc.set_threshold(_RARELY, *_USUAL[1:])


def collect_as_usual() -> None:
    """For calls of the user's: their garbage may be large.

    What was imported until then is left out, also when Python ends, where taking it apart is a sixth of a short run.
    """
    gc.freeze()
    gc.set_threshold(*_USUAL)
