"""The seal: proves that a record was written with the user's key, for this store and for this row. Unpickles nothing.

Sealed bytes are ``body, crc32 of the body, 32 bytes of keyed blake3 over (store id, row key, body, that checksum),
crc32 of the hash``. The checksums tell damage from forgery; trust comes from the keyed hash alone.
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
from hmac import compare_digest
from pathlib import Path
from zlib import crc32

from blake3 import blake3

from hydra_cached.errors import EntryDamagedError, EntryUntrustedError, StoreError
from hydra_cached.store.exclusive import write_once

KEY_VARIABLE = "HYDRA_CACHED_KEY"
_KEY_CONTEXT = "hydra-cached 2026-11 seal key"
_KEY_BYTES = 32
_HASH_BYTES = 32 + 4
"""Of the keyed hash with its checksum."""
_TRAILER_BYTES = 4 + _HASH_BYTES
_HINT = f"set {KEY_VARIABLE} to any secret text"


class Seal:
    """Seals and checks the rows of one store.

    Args:
        key: 32 secret bytes, see `load_key`.
        store_id: identity of the store; records of another store do not pass.
    """

    __slots__ = ("_hasher",)

    def __init__(self, key: bytes, store_id: bytes) -> None:
        # keying and the store id are absorbed once; every check starts from a copy
        self._hasher = blake3(key=key)
        self._hasher.update(len(store_id).to_bytes(8, "little") + store_id)

    def wrap(self, row_key: str, body: bytes) -> bytes:
        """The sealed form of `body`, valid under `row_key` only."""
        checked = body + crc32(body).to_bytes(4, "little")
        hasher = self._hasher.copy()
        hasher.update(row_key.encode() + b"\0" + checked)
        digest = hasher.digest()
        return checked + digest + crc32(digest).to_bytes(4, "little")

    def unwrap(self, row_key: str, value: bytes) -> bytes:
        """The body of a sealed value.

        Raises:
            EntryDamagedError: its bytes changed since they were written.
            EntryUntrustedError: it was not sealed with this key, for this store and this row.
        """
        body = self.open(row_key, value)
        if body is not None:
            return body
        if not is_whole(value):
            raise EntryDamagedError(f"record {row_key[2:14]} of the store changed since it was written")
        raise EntryUntrustedError(
            f"record {row_key[2:14]} of the store does not carry the seal of your key",
            hint=f"results of other users are reused only with the same {KEY_VARIABLE}",
        )

    def open(self, row_key: str, value: bytes) -> bytes | None:
        """The body of a sealed value, or None where it does not pass."""
        # every hit comes through here, twice: no call that can be spared
        hasher = self._hasher.copy()
        hasher.update(row_key.encode() + b"\0" + value[:-_HASH_BYTES])
        digest = hasher.digest()
        if compare_digest(digest + crc32(digest).to_bytes(4, "little"), value[-_HASH_BYTES:]):
            return value[:-_TRAILER_BYTES]
        return None

    @staticmethod
    def body(value: bytes) -> bytes:
        """The body of a sealed value, unchecked: to be looked at, never to be believed."""
        return value[:-_TRAILER_BYTES]


def is_whole(value: bytes) -> bool:
    """Whether a sealed value is as it was written, by whoever that was."""
    if len(value) < _TRAILER_BYTES:
        return False
    body, checksum = value[:-_TRAILER_BYTES], value[-_TRAILER_BYTES:-_HASH_BYTES]
    digest, digest_checksum = value[-_HASH_BYTES:-4], value[-4:]
    return crc32(body).to_bytes(4, "little") == checksum and crc32(digest).to_bytes(4, "little") == digest_checksum


def load_key() -> bytes:
    """The user's 32 byte key: from HYDRA_CACHED_KEY, else from the key file, which is created when absent.

    Raises:
        StoreError: the key file can neither be read nor created, is damaged, or other users may read it.
    """
    text = os.environ.get(KEY_VARIABLE, "")
    if text:
        return blake3(text.encode("utf-8", "surrogateescape"), derive_key_context=_KEY_CONTEXT).digest()
    path = key_file()
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_once(path, secrets.token_bytes(_KEY_BYTES))
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            key = file.read(_KEY_BYTES + 1)
    except OSError as exc:
        raise StoreError(f'cannot use the key file "{path}": {exc.strerror or exc}', hint=_HINT) from exc
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise StoreError(f'other users may read the key file "{path}"', hint=f'run: chmod 600 "{path}"')
    if len(key) != _KEY_BYTES:
        raise StoreError(
            f'the key file "{path}" is damaged: it should hold {_KEY_BYTES} bytes',
            hint="delete it; a new one is made, and stored results are computed again",
        )
    return key


def key_file() -> Path:
    """Where the key lies: ``hydra-cached/key`` in the user's data folder.

    Raises:
        StoreError: the user has no home folder.
    """
    return _data_folder() / "hydra-cached" / "key"


def _data_folder() -> Path:
    given = os.environ.get("XDG_DATA_HOME", "")
    if os.path.isabs(given):
        return Path(given)
    local = os.environ.get("LOCALAPPDATA", "")
    if sys.platform == "win32" and local:
        return Path(local)
    try:
        home = Path.home()
    except RuntimeError as exc:
        raise StoreError("cannot find a folder for the key file: there is no home folder", hint=_HINT) from exc
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    return home / ".local" / "share"
