"""Sizes, durations and ages as people read them. Parses nothing."""

from __future__ import annotations

_SIZE_UNITS = ("kB", "MB", "GB", "TB", "PB")


def format_size(size_bytes: int) -> str:
    """Decimal units, two digits or more.

    >>> format_size(512), format_size(3_400_000)
    ('512 B', '3.4 MB')
    """
    if size_bytes < 1000:
        return f"{size_bytes} B"
    size, power = size_bytes / 1000, 0
    # 999.96 kB would be rounded to 1000.0 kB
    while size >= 999.95 and power + 1 < len(_SIZE_UNITS):
        size, power = size / 1000, power + 1
    return f"{size:.1f} {_SIZE_UNITS[power]}"


def format_seconds(seconds: float) -> str:
    """Two digits or more of the unit that fits; from a minute on the two largest units.

    >>> format_seconds(0.0000026), format_seconds(0.0026), format_seconds(4.391)
    ('3 µs', '2.6 ms', '4.39 s')
    >>> format_seconds(125), format_seconds(3725)
    ('2 min 05 s', '1 h 02 min')
    """
    if seconds < 59.995:
        return _format_short(seconds)
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = whole // 60
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02} min"
    hours = minutes // 60
    return f"{hours // 24} d {hours % 24:02} h"


def _format_short(seconds: float) -> str:
    if seconds >= 0.9995:
        return f"{seconds:.2f} s"
    milliseconds = seconds * 1e3
    if milliseconds >= 9.95:
        return f"{milliseconds:.0f} ms"
    if milliseconds >= 0.9995:
        return f"{milliseconds:.1f} ms"
    if seconds <= 0:
        return "0 s"
    return f"{max(1, round(seconds * 1e6))} µs"


def format_age(seconds: float) -> str:
    """The largest unit that fits, rounded down; a clock that was set back gives 0 s.

    >>> format_age(59), format_age(7200), format_age(200_000)
    ('59 s', '2 h', '2 d')
    """
    whole = max(0, int(seconds))
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if whole >= length:
            return f"{whole // length} {unit}"
    return f"{whole} s"


def format_count(count: int, noun: str) -> str:
    """A number with its noun in singular or plural.

    >>> format_count(1, "entry"), format_count(2, "entry"), format_count(0, "node")
    ('1 entry', '2 entries', '0 nodes')
    """
    if count == 1:
        return f"{count} {noun}"
    return f"{count} {noun[:-1]}ies" if noun.endswith("y") else f"{count} {noun}s"
