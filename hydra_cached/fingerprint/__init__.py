"""Identity of values and of code. Looks nothing up, stores nothing, and imports no library that a value did not bring.

Values are digested by content (`digest_value`, `Encoder`), code by what it says and reaches (`CodeFingerprints`).
"""

from hydra_cached.fingerprint.code import CodeFingerprints
from hydra_cached.fingerprint.definition import Definition
from hydra_cached.fingerprint.identity import identity_objects
from hydra_cached.fingerprint.kinds import is_immutable, is_plain
from hydra_cached.fingerprint.values import Encoder, digest_value

__all__ = [
    "CodeFingerprints",
    "Definition",
    "Encoder",
    "digest_value",
    "identity_objects",
    "is_immutable",
    "is_plain",
]
