"""Identity of values and of code. Looks nothing up, stores nothing, and imports no library that a value did not bring.

Values are digested by content (`digest_value`, `Encoder`), code by what it says and reaches (`CodeFingerprints`).
"""

from hydra_cached.fingerprint.arguments import MEMORABLE, ArgumentEncoder, digest_scalar
from hydra_cached.fingerprint.carried import CarriedCode
from hydra_cached.fingerprint.code import CodeFingerprints
from hydra_cached.fingerprint.definition import Definition
from hydra_cached.fingerprint.files import FileDigests, Stamp, may_be_path, stamp_file
from hydra_cached.fingerprint.identity import identity_objects
from hydra_cached.fingerprint.kinds import is_array, is_frame, is_immutable, is_plain
from hydra_cached.fingerprint.memo import Memo
from hydra_cached.fingerprint.showing import show_on_a_line
from hydra_cached.fingerprint.values import Encoder, digest_value

__all__ = [
    "MEMORABLE",
    "ArgumentEncoder",
    "CarriedCode",
    "CodeFingerprints",
    "Definition",
    "Encoder",
    "FileDigests",
    "Memo",
    "Stamp",
    "digest_scalar",
    "digest_value",
    "identity_objects",
    "is_array",
    "is_frame",
    "is_immutable",
    "is_plain",
    "may_be_path",
    "show_on_a_line",
    "stamp_file",
]
