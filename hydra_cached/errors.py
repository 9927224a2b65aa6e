"""The error tree. Every error says what is wrong and where, and carries one hint.

HydraCachedError
├── UsageError                 the caller can mend it: wrong config, option or cache directory (exit code 2)
│   ├── ConfigError            a pipeline cannot be loaded or is not a valid config
│   │   └── OverrideError      an override names what is not there, or cannot be parsed
│   ├── TargetError            a ``_target_`` cannot be imported, is not callable or does not take its arguments
│   └── StoreError             the cache directory cannot be used at all
├── NodeFailedError            the user's own callable raised; ``__cause__`` is their exception (exit code 1)
│   └── MissingInputError      a declared input file is not there when its node is to run
├── WorkerDiedError            the process that made a call is gone
├── NotDigestibleError         a value has no content digest; it is never reused
├── NotSerializableError       a value cannot be written to the store; it is never stored
└── EntryError                 one stored result cannot be used; the scheduler turns it into a miss
    ├── EntryDamagedError      its bytes changed since they were written, or are gone
    ├── EntryUntrustedError    it was not written with the user's key
    └── EntryUnreadableError   its bytes are intact but no longer load (a class moved, a package is missing)
"""

from __future__ import annotations

from typing import Any


class HydraCachedError(Exception):
    """Base of all errors of this package.

    Args:
        message: what is wrong and where, one line.
        hint: what to try, one line, or None.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # keyword-only attributes do not survive Exception's own pickling
        return (_rebuild, (type(self), self.message, dict(self.__dict__)))


def _rebuild(cls: type[HydraCachedError], message: str, state: dict[str, Any]) -> HydraCachedError:
    error = cls.__new__(cls)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


class UsageError(HydraCachedError):
    """The caller can mend it: a wrong config, option or directory."""


class ConfigError(UsageError):
    """A pipeline cannot be loaded, or is no valid config.

    Args:
        path: dotted config path of what is wrong, "" where that is not known.
    """

    def __init__(self, message: str, *, hint: str | None = None, path: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path


class OverrideError(ConfigError):
    """An override cannot be parsed or names what is not there."""


class TargetError(UsageError):
    """A ``_target_`` cannot be imported, is not callable or does not take its arguments.

    Args:
        path: dotted config path of the node, "" at the root.
        target: the id as written in the config.
        full_key: the path as OmegaConf spells it from the root of the whole config.
    """

    def __init__(
        self, message: str, *, hint: str | None = None, path: str = "", target: str = "", full_key: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.target = target
        self.full_key = path if full_key is None else full_key


class StoreError(UsageError):
    """The cache directory cannot be used at all."""


class NodeFailedError(HydraCachedError):
    """A node's own callable raised; ``__cause__`` is the user's exception.

    Args:
        path: dotted config path of the node, "" at the root.
        target: id of the callable.
        full_key: the path as OmegaConf spells it from the root of the whole config.
        is_call: the callable raised; False when building its arguments did.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        path: str = "",
        target: str = "",
        full_key: str | None = None,
        is_call: bool = True,
    ) -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.target = target
        self.full_key = path if full_key is None else full_key
        self.is_call = is_call


class MissingInputError(NodeFailedError):
    """A file that a node is declared to read is not there when the node is to run."""


class WorkerDiedError(HydraCachedError):
    """The process that was making a call is gone, and its result with it.

    Args:
        is_final: the call was made again already, as often as that is worth it.
    """

    def __init__(self, message: str, *, hint: str | None = None, is_final: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.is_final = is_final


class NotDigestibleError(HydraCachedError):
    """A value has no content digest, so nothing that depends on it can be found again."""


class NotSerializableError(HydraCachedError):
    """A value cannot be written to the store."""


class EntryError(HydraCachedError):
    """One stored result cannot be used; callers treat it as a miss."""


class EntryDamagedError(EntryError):
    """The bytes of an entry changed since they were written, or are gone."""


class EntryUntrustedError(EntryError):
    """An entry does not carry the seal of the user's key."""


class EntryUnreadableError(EntryError):
    """The bytes of an entry are intact but no longer load."""
