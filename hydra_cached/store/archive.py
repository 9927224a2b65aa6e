"""Archives: entries of one store with all that they need, in one file. Streams both ways, and unpickles nothing.

An archive is a tar file. Its first member, ``header``, tells the id of the store that it came from; the last, ``end``,
how many entries there are. Between them stand ``rows/<row key>``, as the store had them, and ``objects/<digest>``: of
each entry first the shared rows that it refers to, then its own, then its object, then the links to it. Everything is
sealed as in the store that it came from, and is sealed again for the one that it goes to.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import secrets
import tarfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from hydra_cached.errors import EntryDamagedError, EntryUntrustedError, UsageError
from hydra_cached.store import references
from hydra_cached.store.commit import commit_entry
from hydra_cached.store.entry import Entry
from hydra_cached.store.progress import Progress, ignore_progress
from hydra_cached.store.record import ENTRY, LINK, NewerRecordError, row_range, unpack_entry, unpack_link
from hydra_cached.store.seal import Seal, load_key

if TYPE_CHECKING:
    from hydra_cached.store.rows import Rows

FORMAT = 1
# what files raise that are none, or that somebody forged
_UNREADABLE = (tarfile.TarError, OSError, EOFError, ValueError, TypeError, LookupError, ArithmeticError, RecursionError)
_HEADER_ROW = "00"
_END_ROW = "0000"
_HEADER = "header"
_END = "end"
_MEMBER = re.compile(r"(rows|objects)/([0-9a-f]{4,160})").fullmatch
_LONGEST_ROW = 64 * 1024 * 1024
_LINKS = "SELECT key, value, mode, filename FROM Cache WHERE key >= ? AND key < ? AND raw = 1"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written to an archive. ``left_out`` counts entries that are damaged, or were removed meanwhile."""

    entries: int
    left_out: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What an archive brought.

    Attributes:
        entries: number of entries that are new here.
        present: number of those that were here already.
        damaged: number of entries and objects that were damaged on the way.
    """

    entries: int
    present: int
    damaged: int


# --- out --------------------------------------------------------------------------------------------------------------


def write_archive(rows: Rows, path: Path, keys: Iterable[str], *, progress: Progress = ignore_progress) -> Exported:
    """Write entries to a file, which is there whole or not at all.

    Args:
        progress: called with the number of entries that are done, and of all.

    Raises:
        UsageError: the file cannot be written.
        StoreError: the index is damaged.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as file:
            os.chmod(temporary, 0o600)
            exported = _Writer(rows, file).write(list(dict.fromkeys(keys)), progress)
        os.replace(temporary, path)
    except OSError as exc:
        raise UsageError(
            f'cannot write "{path}": {exc.strerror or exc}', hint="free some space, or write to another place"
        ) from exc
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
    return exported


class _Writer:
    def __init__(self, rows: Rows, file: IO[bytes]) -> None:
        self._rows = rows
        self._file = file
        self._written: set[str] = set()
        self._tar: Any = None

    def write(self, keys: list[str], progress: Progress) -> Exported:
        store_id = self._rows.directory.store_id.hex()
        links = _read_links(self._rows)
        count = 0
        with tarfile.open(fileobj=self._file, mode="w|", format=tarfile.GNU_FORMAT) as self._tar:
            header = {"format": FORMAT, "store": store_id, "created": time.time()}
            self._add(_HEADER, self._rows.seal.wrap(_HEADER_ROW, json.dumps(header).encode()))
            for done, key in enumerate(keys):
                progress(done, len(keys))
                count += self._write_entry(key, links.get(key, []))
            self._add(_END, self._rows.seal.wrap(_END_ROW, json.dumps({"entries": count}).encode()))
        progress(len(keys), len(keys))
        return Exported(count, len(keys) - count, self._file.tell())

    def _write_entry(self, key: str, links: list[tuple[str, bytes]]) -> bool:
        row_key = ENTRY + key
        body = self._rows.peek(row_key)
        if body is None:
            return False
        try:
            entry = unpack_entry(key, body)
            for each_key, each_body in ((row_key, body), *links):
                self._write_shared(references.references_of(each_key, each_body))
            if entry.object_digest is None:
                self._write_row(row_key, body)
            else:
                self._write_with_object(row_key, body, entry.object_digest)
        except (ValueError, EntryDamagedError):
            return False
        for each_key, each_body in links:
            self._write_row(each_key, each_body)
        return True

    def _write_with_object(self, row_key: str, body: bytes, digest: str) -> None:
        if digest not in self._written:
            # checked to the last byte before anything of it is written
            self._rows.objects.read(digest)
        self._write_row(row_key, body)
        if digest not in self._written:
            self._written.add(digest)
            with open(self._rows.objects.path(digest), "rb") as source:
                info = tarfile.TarInfo(f"objects/{digest}")
                info.size = os.fstat(source.fileno()).st_size
                self._tar.addfile(info, source)

    def _write_shared(self, row_keys: Iterable[str]) -> None:
        waiting = list(row_keys)
        while waiting:
            row_key = waiting.pop()
            body = None if row_key in self._written else self._rows.peek(row_key)
            if body is not None:
                self._write_row(row_key, body)
                with contextlib.suppress(ValueError, TypeError, LookupError):
                    waiting.extend(references.references_of(row_key, body))

    def _write_row(self, row_key: str, body: bytes) -> None:
        self._written.add(row_key)
        self._add(f"rows/{row_key}", self._rows.seal.wrap(row_key, body))

    def _add(self, name: str, data: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        self._tar.addfile(info, io.BytesIO(data))


def _read_links(rows: Rows) -> dict[str, list[tuple[str, bytes]]]:
    """Rows of the links that lead to each entry, with their bodies."""
    found: dict[str, list[tuple[str, bytes]]] = {}
    for row_key, *cell in rows.index.iterate(_LINKS, row_range(LINK)):
        body = rows.open_cell(row_key, (cell[0], cell[1], cell[2]))
        if body is not None:
            found.setdefault(unpack_link(body)[0], []).append((row_key, body))
    return found


# --- in ---------------------------------------------------------------------------------------------------------------


class Archive:
    """An archive that is being read, once, from its beginning. Use it in a ``with`` statement.

    Args:
        path: the file.

    Raises:
        UsageError: it cannot be read, is no archive, or was written by a later release.

    Attributes:
        is_trusted: whether it carries the seal of your key; else what is in it may run code when it is loaded.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = open(path, "rb")  # noqa: SIM115 (closed by close)
            self._size_bytes = os.fstat(self._file.fileno()).st_size
        except OSError as exc:
            raise UsageError(f'cannot read "{path}": {exc.strerror or exc}', hint="name an archive") from exc
        try:
            self._tar = tarfile.open(fileobj=self._file, mode="r|")  # noqa: SIM115 (closed with its file)
            self._read_header()
        except _UNREADABLE as exc:
            self.close()
            raise _no_archive(path) from exc
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def enter_all(self, rows: Rows, *, progress: Progress = ignore_progress) -> Imported:
        """Enter what is in it into a store, sealed with your key. What is there already stays.

        Args:
            progress: called with the bytes that are read, and all of them.

        Raises:
            UsageError: it ends too early; what came before that is entered.
            StoreError: the store cannot be written.
        """
        reader = _Reader(rows, self._unwrap)
        try:
            for kind, name, source in self._members():
                if kind == "rows":
                    reader.take_row(name, self._read_row(name, source))
                else:
                    reader.take_object(name, source)
                progress(self._file.tell(), self._size_bytes)
        except (tarfile.TarError, EOFError, ValueError) as exc:
            raise UsageError(
                f'"{self._path}" ends too early, or is damaged: {exc}',
                hint=f"{reader.entries} results were entered; copy the archive again",
            ) from exc
        return Imported(reader.entries, reader.present, reader.damaged)

    def _read_header(self) -> None:
        member = self._tar.next()
        if member is None or member.name != _HEADER or member.size > _LONGEST_ROW:
            raise ValueError("it has no header")
        sealed = self._extract(member).read()
        header = json.loads(Seal.body(sealed))
        if int(header["format"]) > FORMAT:
            raise UsageError(f'"{self._path}" was written by a later hydra-cached', hint="upgrade hydra-cached")
        self._seal = Seal(load_key(), bytes.fromhex(header["store"]))
        try:
            self._seal.unwrap(_HEADER_ROW, sealed)
            self.is_trusted = True
        except EntryUntrustedError:
            self.is_trusted = False
        except EntryDamagedError as exc:
            raise ValueError(exc.message) from exc

    def _members(self) -> Iterator[tuple[str, str, IO[bytes]]]:
        """Kind, name and content of each member, up to the end, which must be there."""
        while (member := self._tar.next()) is not None:
            if member.name == _END:
                return
            match = _MEMBER(member.name)
            # what else a tar file can hold is not ours, and goes nowhere
            if match is not None and member.isreg():
                yield match[1], match[2], self._extract(member)
        raise ValueError("its end is missing")

    def _extract(self, member: tarfile.TarInfo) -> IO[bytes]:
        source = self._tar.extractfile(member)
        if source is None:
            raise ValueError(f"{member.name} is no file")
        return source

    def _read_row(self, row_key: str, source: IO[bytes]) -> bytes:
        sealed = source.read(_LONGEST_ROW + 1)
        if len(sealed) > _LONGEST_ROW:
            raise ValueError(f"the row {row_key[:12]} is too long")
        return sealed

    def _unwrap(self, row_key: str, sealed: bytes) -> bytes:
        """The body of a row of the archive, as trusted as the archive is."""
        try:
            return self._seal.unwrap(row_key, sealed)
        except EntryUntrustedError:
            if self.is_trusted:
                # another row than it says, or from elsewhere
                raise
            return self._seal.body(sealed)


class _Reader:
    """Enters rows and objects in the order in which they come."""

    def __init__(self, rows: Rows, unwrap: Any) -> None:
        self._rows = rows
        self._unwrap = unwrap
        self._waiting: dict[str, tuple[Entry, bytes]] = {}
        """Entries whose objects are still to come, by these objects' digests."""
        self.entries = self.present = self.damaged = 0

    def take_row(self, row_key: str, sealed: bytes) -> None:
        try:
            body = self._unwrap(row_key, sealed)
            if row_key.startswith(ENTRY):
                self._take_entry(row_key[len(ENTRY) :], body)
            elif row_key.startswith(LINK):
                self._take_link(row_key[len(LINK) :], body)
            elif row_key[:2] in references.SHARED:
                references.references_of(row_key, body)
                self._put_if_absent(row_key, body)
        except NewerRecordError:
            return
        except (EntryDamagedError, EntryUntrustedError, ValueError, TypeError, LookupError):
            self.damaged += 1

    def take_object(self, digest: str, source: IO[bytes]) -> None:
        waiting = self._waiting.pop(digest, None)
        if waiting is None:
            return
        entry, body = waiting
        try:
            self._rows.objects.copy_in(digest, source, self._rows.seal.wrap(ENTRY + entry.key, body))
        except EntryDamagedError:
            self.damaged += 1
            return
        self._commit(entry, body)

    def _take_entry(self, key: str, body: bytes) -> None:
        entry = unpack_entry(key, body)
        if self._is_here(key):
            self.present += 1
        elif entry.object_digest is None:
            self._commit(entry, body)
        else:
            try:
                # an object that several entries have comes once
                self._rows.objects.read(entry.object_digest)
            except EntryDamagedError:
                self._waiting[entry.object_digest] = (entry, body)
            else:
                self._commit(entry, body)

    def _commit(self, entry: Entry, body: bytes) -> None:
        committed = self._rows.index.write(lambda: commit_entry(self._rows, entry, body, b"", is_linked=False))
        self.entries += committed is not None

    def _take_link(self, recipe_key: str, body: bytes) -> None:
        key, conditions = unpack_link(body)
        if self._rows.peek(LINK + recipe_key) is None and self._is_here(key):
            self._rows.index.write(lambda: self._rows.put_link(recipe_key, key, conditions))

    def _put_if_absent(self, row_key: str, body: bytes) -> None:
        if self._rows.peek(row_key) is None:
            self._rows.index.write(lambda: self._rows.put(row_key, body))

    def _is_here(self, key: str) -> bool:
        body = self._rows.peek(ENTRY + key)
        if body is None:
            return False
        with contextlib.suppress(NewerRecordError):
            digest = unpack_entry(key, body).object_digest
            return digest is None or self._rows.objects.has(digest)
        return True


def _no_archive(path: Path) -> UsageError:
    return UsageError(f'"{path}" is no archive of hydra-cached', hint="archives are made by: hydra-cached cache export")
