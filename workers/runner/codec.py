"""Plain data as bytes: JSON and raw array buffers. Never pickle: nothing that comes out of a jail is ever executed.

A value is a pair (json, buffer): the JSON text, and the bytes of all arrays, to which it refers by offset. The receiver
checks every limit before it allocates, since the sender may be hostile.

Tags, as {"t": tag, "v": …}: int (hexadecimal, beyond 64 bits), complex, bytes, blob (bytes in the buffer), tuple, set,
frozenset, dict, nd (array), scalar (NumPy scalar), tensor (torch), handle (an object that stays in the sandbox),
fn (a callable of the judge).

Unsendable(TypeError)   the value has no plain form; names the type
Malformed(ValueError)   the bytes are no such value
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

MAX_JSON = 24 << 20
MAX_BUFFER = 64 << 20
MAX_DEPTH = 60
MAX_NODES = 1_000_000
MAX_INT_BITS = 1 << 20
MAX_CALLBACKS = 10_000  # calls of the judge's functions in one test
MAX_SAME_HASH = 100  # keys of one set or dict with one hash: each more costs a comparison with all of them
PLAIN_NODES = 500_000
ALIGN = 64
SHORT = 64  # bytes objects up to this length travel inside the JSON
NUMERIC = frozenset(
    ["|b1", "|i1", "|u1", "<i2", "<i4", "<i8", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16"],
)
STRING = re.compile(r"(<U|\|S)\d{1,7}")
ATOMS = frozenset({bool, float, str, type(None)})
# The base types' own: a subclass may lie about what it holds.
ITERATE: dict[str, Callable[[Any], Any]] = {
    "tuple": tuple.__iter__,
    "set": set.__iter__,
    "frozenset": frozenset.__iter__,
}
CONTAINERS = (list, tuple, set, frozenset, dict)


REASONS = {
    "type": "a value of type {type} is not plain data",
    "dtype": "an array of dtype {type} is not plain data",
    "cycle": "a {type} contains itself",
    "depth": "a {type} is nested too deeply",
    "size": "the value is larger than 64 MiB",
    "parts": "the value has more than a million parts",
    "int": "a whole number has more than a million bits",
}


class Unsendable(TypeError):
    """`reason` is a key of REASONS, `type_name` the type (or dtype) that has no plain form."""

    def __init__(self, type_name: str, reason: str = "type") -> None:
        super().__init__(REASONS[reason].format(type=type_name))
        self.type_name = type_name
        self.reason = reason


class Malformed(ValueError):
    """Not the bytes of a value."""


class Encoder:
    """One value to bytes. `reference(x)` may return a tagged form for objects that stay where they are, or None."""

    def __init__(self, reference: Callable[[Any], dict[str, Any] | None] | None = None) -> None:
        self._reference = reference
        self._buffers: list[Any] = []
        self._size = 0
        self._open: set[int] = set()

    def encode(self, value: Any) -> tuple[bytes, list[Any]]:
        """(JSON, buffers). Raises Unsendable."""
        try:
            text = json.dumps(self._value(value, 0), separators=(",", ":")).encode("ascii")
        except (RecursionError, MemoryError):
            raise Unsendable(name_of(type(value)), "size") from None
        if len(text) > MAX_JSON or self._size > MAX_BUFFER:
            raise Unsendable(name_of(type(value)), "size")
        return text, self._buffers

    def _value(self, x: Any, depth: int) -> Any:
        kind = type(x)
        if kind in ATOMS:
            return x
        if kind is int:
            return _int(x)
        if depth > MAX_DEPTH:
            raise Unsendable(name_of(kind), "depth")
        if self._reference is not None and (tagged := self._reference(x)) is not None:
            return tagged
        if isinstance(x, CONTAINERS):
            return self._container(x, depth)
        if isinstance(x, bool | int):
            return _int(int.__index__(x))
        if isinstance(x, float) and not _is_numpy(kind):
            return float.__float__(x)
        if isinstance(x, str) and not _is_numpy(kind):
            return str.__str__(x)
        if kind is complex:
            return {"t": "complex", "v": [x.real, x.imag]}
        if kind is bytes:
            return {"t": "bytes", "v": x.hex()} if len(x) <= SHORT else {"t": "blob", "v": [self._append(x), len(x)]}
        return self._array(x)

    def _container(self, x: Any, depth: int) -> Any:
        if id(x) in self._open:
            raise Unsendable(name_of(type(x)), "cycle")
        self._open.add(id(x))
        try:
            if isinstance(x, dict):
                pairs = [[self._value(k, depth + 1), self._value(v, depth + 1)] for k, v in dict.items(x)]
                return {"t": "dict", "v": pairs}
            if isinstance(x, list):
                return self._items(list.__iter__(x), depth)
            name = "tuple" if isinstance(x, tuple) else "set" if isinstance(x, set) else "frozenset"
            return {"t": name, "v": self._items(ITERATE[name](x), depth)}
        finally:
            self._open.discard(id(x))

    def _items(self, items: Any, depth: int) -> list[Any]:
        values = list(items)
        if len(values) > MAX_NODES:
            raise Unsendable("list", "parts")
        if ATOMS.issuperset(map(type, values)):
            return values
        return [self._value(v, depth + 1) for v in values]

    def _array(self, x: Any) -> dict[str, Any]:
        tag, array = _as_numpy(x)
        if array is None:
            raise Unsendable(name_of(type(x)))
        dtype = array.dtype.newbyteorder("<")
        if not _good_dtype(dtype.str):
            raise Unsendable(str(array.dtype)[:60], "dtype")
        numpy = sys.modules["numpy"]
        data = numpy.ascontiguousarray(array, dtype=dtype)
        position = self._append(data.reshape(-1).view("u1").data) if data.nbytes else 0
        return {"t": tag, "v": [dtype.str, list(array.shape), position]}

    def _append(self, raw: Any) -> int:
        """Add bytes to the buffer and return where they start; each part is aligned for the receiver's arrays."""
        position, size = self._size, len(raw)
        self._buffers.append(raw)
        if padding := -size % ALIGN:
            self._buffers.append(bytes(padding))
        self._size += size + padding
        return position


def _int(x: int) -> Any:
    if -(1 << 63) <= x < 1 << 63:
        return x
    if x.bit_length() > MAX_INT_BITS:
        raise Unsendable("int", "int")
    return {"t": "int", "v": hex(x)}  # decimal text of huge numbers takes quadratic time


def _is_numpy(kind: type) -> bool:
    # np.float64 is a float and np.str_ a str: they keep their own dtype.
    numpy = sys.modules.get("numpy")
    return numpy is not None and issubclass(kind, numpy.generic)


def _as_numpy(x: Any) -> tuple[str, Any]:
    numpy, torch, cupy = (sys.modules.get(name) for name in ("numpy", "torch", "cupy"))
    if numpy is None:
        return "", None
    if torch is not None and isinstance(x, torch.Tensor):
        if x.layout is not torch.strided:
            raise Unsendable(str(x.layout)[:60], "dtype")
        plain = x.detach().cpu().resolve_conj().resolve_neg()
        return "tensor", (plain.float() if plain.dtype is torch.bfloat16 else plain).numpy()
    if cupy is not None and isinstance(x, cupy.ndarray):
        return "nd", x.get()
    if type(x) is numpy.ndarray:
        return "nd", x
    return ("scalar", numpy.asarray(x)) if isinstance(x, numpy.generic) else ("", None)


def _good_dtype(text: str) -> bool:
    return text in NUMERIC or bool(STRING.fullmatch(text))


def name_of(kind: type) -> str:
    """A type's name as people write it: `list`, `numpy.matrix`, `Network`. Never runs code of the type."""
    module = type.__getattribute__(kind, "__module__")
    name = type.__getattribute__(kind, "__qualname__")
    known = isinstance(module, str) and module not in ("builtins", "solution", "__main__")
    return f"{module}.{name}"[:80] if known else str(name)[:80]


class Decoder:
    """Bytes to one value. `reference(tag, v)` builds what the tags "handle" and "fn" name; without it they are refused.

    With `tensors`, the tag "tensor" becomes a torch tensor where torch is loaded, else a NumPy array. `plain` refuses
    all but None, truth values, numbers, texts, bytes, lists, tuples, and dictionaries with texts as keys: what a
    trusted process may look at without running anything that a sender chose.
    """

    def __init__(
        self,
        reference: Callable[[str, Any], Any] | None = None,
        tensors: bool = False,
        plain: bool = False,
    ) -> None:
        self._reference = reference
        self._tensors = tensors
        self._plain = plain
        self._left = PLAIN_NODES if plain else MAX_NODES
        self._buffer: bytearray | bytes | memoryview = b""

    def decode(self, text: bytes | bytearray | memoryview, buffer: bytearray | bytes | memoryview = b"") -> Any:
        """The value. Raises Malformed; ImportError when an array comes and NumPy is not installed."""
        self._buffer = buffer
        if len(text) > MAX_JSON or len(buffer) > MAX_BUFFER:
            raise Malformed("the value is too large")
        try:
            return self._value(json.loads(bytes(text) if isinstance(text, memoryview) else text), 0)
        except (Malformed, ImportError):
            raise
        except (ValueError, TypeError, LookupError, RecursionError, MemoryError, OverflowError) as error:
            raise Malformed(f"malformed value: {type(error).__name__}") from None

    def _value(self, x: Any, depth: int) -> Any:
        kind = type(x)
        if kind in ATOMS or kind is int:
            return x
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise Malformed("the value has too many parts or is nested too deeply")
        if kind is list:
            return self._items(x, depth)
        if kind is not dict or len(x) != 2:
            raise Malformed("a tag is needed")
        tag, v = x["t"], x["v"]
        if tag == "dict":
            return self._dict(v, depth)
        if tag == "tuple":
            return tuple(self._items(v, depth))
        if self._plain and tag not in ("bytes", "blob"):
            raise Malformed("not a plain value")
        if tag in ("set", "frozenset"):
            items = self._items(v, depth)
            _check_hashes(items)
            return set(items) if tag == "set" else frozenset(items)
        if tag in ("nd", "scalar", "tensor"):
            return self._array(tag, *v)
        return self._small(tag, v)

    def _dict(self, v: Any, depth: int) -> dict[Any, Any]:
        self._left -= len(v)
        if self._left < 0:
            raise Malformed("the value has too many parts")
        pairs = [(self._value(key, depth + 1), self._value(value, depth + 1)) for key, value in v]
        if self._plain and any(type(key) is not str for key, _ in pairs):
            raise Malformed("not a plain value")
        _check_hashes([key for key, _ in pairs])
        return dict(pairs)

    def _items(self, x: list[Any], depth: int) -> list[Any]:
        if type(x) is not list:
            raise Malformed("a list is needed")
        self._left -= len(x)
        if self._left < 0:
            raise Malformed("the value has too many parts")
        kinds = set(map(type, x))
        if kinds <= ATOMS or kinds <= {int, float, str, bool}:
            return x
        return [self._value(item, depth + 1) for item in x]

    def _small(self, tag: Any, v: Any) -> Any:
        if tag == "complex":
            real, imaginary = v
            return complex(float(real), float(imaginary))
        if tag == "bytes":
            return bytes.fromhex(v)
        if tag == "blob":
            return self._blob(*v)
        if tag == "int":
            if type(v) is not str or len(v) > MAX_INT_BITS // 4 + 4:
                raise Malformed("whole number")
            return int(v, 16)
        if tag in ("handle", "fn") and self._reference is not None:
            return self._reference(tag, v)
        raise Malformed("unknown tag")

    def _blob(self, position: Any, size: Any) -> bytes:
        if type(position) is not int or type(size) is not int or min(position, size) < 0:
            raise Malformed("bytes")
        if position + size > len(self._buffer):
            raise Malformed("bytes")
        return bytes(self._buffer[position : position + size])

    def _array(self, tag: str, dtype: Any, shape: Any, position: Any) -> Any:
        if type(dtype) is not str or not _good_dtype(dtype) or type(shape) is not list or len(shape) > 32:
            raise Malformed("array")
        if not all(type(n) is int and 0 <= n <= MAX_BUFFER for n in [*shape, position]):
            raise Malformed("array")
        import numpy

        kind = numpy.dtype(dtype)
        count = math.prod(shape)
        if shape and count and not kind.itemsize:  # it owns no bytes here, and NumPy would allocate one character each
            raise Malformed("array")
        if position + count * kind.itemsize > len(self._buffer):
            raise Malformed("array")
        # A zero-size dtype or shape owns no bytes, and frombuffer refuses both.
        if count * kind.itemsize:
            array = numpy.frombuffer(self._buffer, kind, count, position).reshape(shape)
        else:
            array = numpy.zeros(shape, kind)
        if tag == "scalar":
            if shape:
                raise Malformed("scalar")
            return array[()]
        torch = sys.modules.get("torch") if tag == "tensor" and self._tensors else None
        return torch.from_numpy(array) if torch is not None else array


def _check_hashes(keys: list[Any]) -> None:
    """Refuse keys chosen to have one hash, such as multiples of 2^61 - 1: the table would take quadratic time."""
    if len(keys) <= MAX_SAME_HASH:
        return
    if max(Counter(map(hash, keys)).values()) > MAX_SAME_HASH:
        raise Malformed("a set or dictionary has too many keys with one hash")
