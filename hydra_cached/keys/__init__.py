"""Recipe keys and call keys, and what goes into them. Never looks anything up, never runs anything."""

from hydra_cached.keys.encode import digest_text
from hydra_cached.keys.identity import DEPENDS, ENV, FILE, NAMED, VERSION, FileUse, Identity, OutputsKnown
from hydra_cached.keys.inputs import NamedPath
from hydra_cached.keys.keys import SCHEMA, Keys
from hydra_cached.keys.mentions import find_mentions

__all__ = [
    "DEPENDS",
    "ENV",
    "FILE",
    "NAMED",
    "SCHEMA",
    "VERSION",
    "FileUse",
    "Identity",
    "Keys",
    "NamedPath",
    "OutputsKnown",
    "digest_text",
    "find_mentions",
]
