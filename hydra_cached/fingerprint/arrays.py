"""Encodes what numpy makes: arrays by dtype, shape, order and values. Imports numpy only once a value brought it in."""

from __future__ import annotations

from typing import Any

from blake3 import blake3

from hydra_cached.fingerprint.walk import LIMIT_BYTES, Handler, Walk

_BUILTIN_KINDS = frozenset("biufcSUmM")
_BLOCK_BYTES = 1 << 20


def find_numpy_handler(cls: type) -> Handler | None:
    """The handler of a numpy class or a class derived from one; None where its own pickling will do."""
    import numpy as np

    if issubclass(cls, np.ma.MaskedArray):
        return encode_masked
    if issubclass(cls, np.ndarray):
        if cls in (np.ndarray, np.memmap):
            return encode_ndarray
        known = (np.matrix, np.recarray, np.memmap)
        return encode_ndarray_subclass if cls in known or cls.__reduce__ is np.ndarray.__reduce__ else None
    if issubclass(cls, np.generic):
        return encode_scalar
    if issubclass(cls, np.dtype):
        return encode_dtype
    return None


def encode_ndarray(walk: Walk, value: Any) -> None:
    """An array by class, dtype, shape, order in memory and values."""
    walk.out += b"A"
    walk.write_class(type(value))
    _write_array(walk, value)


def encode_ndarray_subclass(walk: Walk, value: Any) -> None:
    """An array of a derived class: what a plain one counts, and its attributes."""
    encode_ndarray(walk, value)
    walk.write(getattr(value, "__dict__", None))


def encode_masked(walk: Walk, value: Any) -> None:
    """A masked array by data, mask, fill value and attributes. What the mask hides counts: it can be unmasked."""
    import numpy as np

    walk.out += b"M"
    walk.write_class(type(value))
    if value is np.ma.masked:
        # there is only one
        return
    _write_array(walk, np.ma.getdata(value, subok=False))
    # no mask at all becomes a mask of all False on its way through a pickle, and its order that of the values
    walk.write(np.ascontiguousarray(np.ma.getmaskarray(value)))
    # as long as it fits in: pickling cuts off the rest of a text
    walk.write(np.asarray(value.fill_value, dtype=value.dtype))
    walk.write(bool(value.hardmask))
    ours = {"_mask", "_fill_value", "_hardmask", "_sharedmask", "_isfield", "_baseclass", "_optinfo", "_basedict"}
    walk.write(value._optinfo)
    walk.write({name: item for name, item in vars(value).items() if name not in ours})


def encode_scalar(walk: Walk, value: Any) -> None:
    """A numpy scalar: no Python number, and no array without dimensions."""
    import numpy as np

    walk.out += b"G"
    walk.write_class(type(value))
    if isinstance(value, np.object_):
        walk.refuse(value)
    _write_array(walk, np.asarray(value))


def encode_dtype(walk: Walk, value: Any) -> None:
    """A dtype by kind, size and byte order, with fields, offsets and metadata where there are some."""
    walk.out += b"D"
    if value.kind in _BUILTIN_KINDS and value.isbuiltin != 2 and value.metadata is None:
        walk.write_text(value.str)
        return
    walk.write_class(type(value))
    # dtypes of extensions share one code ("V1"); their scalar type tells them apart
    walk.write_class(value.type)
    _, arguments, state = (*value.__reduce__(), None)[:3]
    walk.write(arguments)
    walk.write(state)


def _write_array(walk: Walk, array: Any) -> None:
    walk.write(array.dtype)
    walk.write(tuple(array.shape))
    flags = array.flags
    walk.out += b"F" if flags.f_contiguous and not flags.c_contiguous else b"C"
    _write_values(walk, array)


def _write_values(walk: Walk, array: Any) -> None:
    dtype = array.dtype
    if dtype.names is not None:
        # field by field: the bytes between fields are anything
        for name in dtype.names:
            walk.write_text(name)
            _write_values(walk, _plain(array)[name])
    elif dtype.hasobject or dtype.kind == "T":
        walk.write(_plain(array).ravel().tolist())
    elif dtype.char in "gG":
        _write_long_double(walk, array)
    else:
        write_bytes_of(walk, array)


def write_bytes_of(walk: Walk, array: Any) -> None:
    """Append the values of an array of fixed-size items: in C order, or Fortran order where that is how it lies."""
    import numpy as np

    array = _plain(array)
    if array.flags.f_contiguous and not array.flags.c_contiguous:
        array = array.T
    if array.size == 0 or array.dtype.itemsize == 0:
        walk.write_buffer(b"b", b"")
    elif array.flags.c_contiguous:
        walk.write_buffer(b"b", memoryview(array.reshape(-1).view(np.uint8)))
    elif array.nbytes <= LIMIT_BYTES:
        walk.write_buffer(b"b", array.tobytes())
    else:
        # block by block: no second copy of a large array
        walk.out += b"%%%b%x:" % (b"b", array.nbytes)
        hasher = blake3()
        rows = max(1, _BLOCK_BYTES * len(array) // array.nbytes)
        for start in range(0, len(array), rows):
            hasher.update(array[start : start + rows].tobytes())
        walk.out += hasher.digest()


def _write_long_double(walk: Walk, array: Any) -> None:
    import numpy as np

    parts = np.ascontiguousarray(_plain(array)).reshape(-1).view(np.longdouble)
    raw = parts.view(np.uint8).reshape(-1, np.dtype(np.longdouble).itemsize)
    # x87: 10 bytes count, the rest is padding with anything in it
    used = 10 if np.finfo(np.longdouble).nmant == 63 else raw.shape[1]
    write_bytes_of(walk, np.ascontiguousarray(raw[:, :used]))


def _plain(array: Any) -> Any:
    import numpy as np

    return array.view(np.ndarray) if type(array) is not np.ndarray else array
