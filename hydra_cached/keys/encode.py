"""Writes argument expressions into a canonical encoding. Knows what stands for a call only from its caller."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from blake3 import blake3

from hydra_cached.fingerprint import Encoder
from hydra_cached.graph import Items, Place, Raw, Ref

_NO_DIGEST = "0" * 64


def digest_text(text: str | None) -> str:
    """64 hexadecimal digits for a text, or for none."""
    encoder = Encoder()
    encoder.add(text)
    return encoder.digest()


def digest_reference(convert: str, digest: str) -> str:
    """What an encoder gives of nothing but a call: 64 hexadecimal digits.

    Args:
        convert: as for `Ref`.
        digest: what stands for the call.
    """
    return blake3(mark_of(convert) + bytes.fromhex(digest)).hexdigest()


@lru_cache(maxsize=8)
def mark_of(convert: str) -> bytes:
    """What an encoder writes of a call before the digest that stands for it."""
    encoder = Encoder()
    encoder.mark(f"call:{convert}")
    encoder.add_digest(_NO_DIGEST)
    return bytes(encoder.out[: -len(_NO_DIGEST) // 2])


def encode(encoder: Encoder, expression: object, digest_of: Callable[[Place], str | None]) -> None:
    """Append an expression; a call in it as the digest that ``digest_of`` gives for it.

    Raises:
        NotDigestibleError: something in it has no digest.
    """
    if isinstance(expression, Ref):
        digest = digest_of(expression.place)
        assert digest is not None, "callers look first"
        encoder.mark(f"call:{expression.convert}")
        encoder.add_digest(digest)
    elif isinstance(expression, Items):
        flags = (expression.is_config, expression.is_object, expression.is_unexpanded, expression.is_tuple)
        encoder.mark(f"items:{expression.convert}:{flags}:{len(expression.values)}")
        if expression.keys is not None:
            encoder.add(expression.keys)
        if expression.object_type is not None:
            encoder.mark("type")
            encoder.add(expression.object_type)
        for value in expression.values:
            encode(encoder, value, digest_of)
    elif isinstance(expression, Raw):
        encoder.mark(f"raw:{expression.convert}")
        encoder.add(expression.config)
    else:
        encoder.add(expression)


def encode_literals(encoder: Encoder, expression: object) -> None:
    """Append an expression as if every call in it had the same value.

    Raises:
        NotDigestibleError: something that stands beside the calls has no digest.
    """
    encode(encoder, expression, lambda place: _NO_DIGEST)
