from __future__ import annotations

import collections
import contextlib
import json
import math
import random
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from workers.runner import channel, codec
from workers.runner.codec import Decoder, Encoder, Malformed, Unsendable

ROOT = Path(__file__).parents[2]


def trip(value):
    text, buffers = Encoder().encode(value)
    return Decoder().decode(text, bytearray(b"".join(bytes(part) for part in buffers)))


def same(a, b) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    if isinstance(a, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return a == b


def test_it_works():
    value = {"a": [1, 2.5, (None, True)], 3: {"x", "y"}, "z": np.arange(6.0).reshape(2, 3)}
    assert same(trip(value), value)


@pytest.mark.parametrize(
    "value",
    [
        None, True, False, 0, -1, 2**63 - 1, 2**63, -(2**200), 10**5000, 0.1, -0.0, math.inf, -math.inf, math.nan,
        1e-320, 1 + 2j, complex(math.nan, math.inf), "", "é€😀\0", "\ud800", b"", b"\0\xff", b"x" * 1000, [], (), {},
        set(), frozenset({1}), [[[]]], {(1, 2): [3]}, [True, 1, 1.0], {1.5: "a", None: "b", (): "c"},
        np.float32(1.5), np.int8(-3), np.bool_(True), np.complex64(1j), np.str_("été"), np.bytes_(b"ab"),
        np.zeros((0, 3)), np.zeros(()), np.arange(5)[::2], np.ones((3, 4), order="F").T, np.array(["a", "bcd"]),
        np.array([b"a", b"bcd"]), np.array([math.nan, math.inf]), np.array([True, False]), np.float16([1, 2]),
        np.array([], dtype="<U3"), np.array(["", ""]),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_it_carries_each_type(value):
    assert same(trip(value), value)


def test_it_turns_big_endian_arrays_around():
    got = trip(np.array([1.0, 2.0], dtype=">f8"))
    assert got.dtype == np.dtype("<f8") and got.tolist() == [1.0, 2.0]


def test_arrays_come_back_writable_and_apart():
    a, b = trip([np.zeros(3), np.zeros(3)])
    a[0] = 7
    assert b[0] == 0


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.namedtuple("P", "x y")(1, 2), (1, 2)),
    ],
)
def test_subclasses_travel_as_their_base(value, want):
    assert same(trip(value), want)


class Network:
    pass


class LyingList(list):
    def __iter__(self):
        return iter([99])


def test_a_lying_subclass_sends_what_it_holds():
    assert trip(LyingList([1, 2])) == [1, 2]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Network(), "Network"),
        ([1, (2, Network())], "Network"),
        (lambda: 0, "function"),
        (range(3), "range"),
        ((x for x in ()), "generator"),
        (np.ma.array([1, 2]), "MaskedArray"),
        (np.array([None, 1], dtype=object), "object"),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), "datetime64"),
        (np.zeros(2, dtype="<f4,<i4"), "f4"),
        (json, "module"),
        (int, "type"),
    ],
)
def test_it_names_the_type_that_it_cannot_send(value, said):
    with pytest.raises(Unsendable, match=said):
        Encoder().encode(value)


def test_it_refuses_cycles_depth_and_size():
    loop: list = []
    loop.append(loop)
    with pytest.raises(Unsendable, match="contains itself"):
        Encoder().encode(loop)
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(Unsendable, match="too deeply"):
        Encoder().encode(deep)
    with pytest.raises(Unsendable, match="64 MiB"):
        Encoder().encode(np.zeros(9 << 20))
    with pytest.raises(Unsendable, match="64 MiB"):
        Encoder().encode("x" * (25 << 20))
    with pytest.raises(Unsendable, match="bits"):
        Encoder().encode(1 << (2 << 20))


def test_shared_parts_are_no_cycle():
    part = [1]
    assert trip([part, part, {"a": part}]) == [[1], [1], {"a": [1]}]


DTYPES = st.sampled_from(["|b1", "|i1", "<i4", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16", "<U3", "|S4"])
ARRAYS = hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, min_side=0))
NUMBERS = st.booleans() | st.integers() | st.floats() | st.complex_numbers()
SETS = st.sets(st.integers() | st.text())
PLAIN = st.recursive(
    st.none() | NUMBERS | st.text() | st.binary() | ARRAYS | SETS,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=12,
)


@given(PLAIN)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_plain_value_comes_back(value):
    assert same(trip(value), value)


def decode_only_malformed(text: bytes, buffer: bytes) -> None:
    with contextlib.suppress(Malformed):
        Decoder(lambda tag, v: (tag, v)).decode(text, bytearray(buffer))


@given(st.binary(max_size=200), st.binary(max_size=64))
@settings(max_examples=200, deadline=None)
def test_noise_is_malformed(text, buffer):
    decode_only_malformed(text, buffer)


def test_damaged_values_are_malformed():
    """A fuzzer: true values with a few bytes changed, cut or doubled. Nothing but Malformed may come out."""
    dice = random.Random(20260901)
    value = {
        "a": [1, 2.5, None, "text", 10**30],
        "b": np.arange(12.0).reshape(3, 4),
        "c": {1, (2, 3)},
        "d": 1j,
        "e": b"q" * 99,
    }
    text, buffers = Encoder().encode(value)
    buffer = b"".join(bytes(part) for part in buffers)
    for _ in range(3000):
        broken = bytearray(text)
        for _ in range(dice.randint(1, 4)):
            place = dice.randrange(len(broken))
            action = dice.randrange(4)
            if action == 0:
                broken[place] = dice.randrange(256)
            elif action == 1:
                del broken[place : place + dice.randint(1, 8)]
            elif action == 2:
                broken[place:place] = broken[: dice.randint(1, 30)]
            else:
                broken[place:place] = dice.choice([b"-1", b"1e999", b"[" * 70, b'"t":', b"99999999999", b"\xff"])
            if not broken:
                break
        decode_only_malformed(bytes(broken), buffer[: dice.randint(0, len(buffer))])


@pytest.mark.parametrize(
    "text",
    [
        '{"t":"nd","v":["<f8",[99999999,99999999],0]}',
        '{"t":"nd","v":["<f8",[-1],0]}',
        '{"t":"nd","v":["<f8",[1],-8]}',
        '{"t":"nd","v":["|O",[1],0]}',
        '{"t":"nd","v":["<f8",[true],0]}',
        '{"t":"nd","v":["<U9999999",[9],0]}',
        '{"t":"scalar","v":["<f8",[2],0]}',
        '{"t":"nd","v":["<f8",[' + "1," * 40 + "1],0]}",
        '{"t":"blob","v":[0,999]}',
        '{"t":"blob","v":[-1,2]}',
        '{"t":"int","v":12}',
        '{"t":"int","v":"zz"}',
        '{"t":"bytes","v":"0"}',
        '{"t":"complex","v":[1]}',
        '{"t":"dict","v":[[[],1]]}',
        '{"t":"dict","v":[1]}',
        '{"t":"set","v":[[]]}',
        '{"t":"fn","v":0}',
        '{"t":"handle","v":0}',
        '{"t":"exec","v":"1"}',
        '{"t":1}',
        '{"v":1}',
        "[" * 100_000,
        "1" * 5000,
        "",
    ],
)
def test_it_refuses(text):
    with pytest.raises(Malformed):
        Decoder().decode(text.encode(), bytearray(16))


def test_a_million_parts_are_too_many():
    with pytest.raises(Malformed, match="parts"):
        Decoder().decode(json.dumps([[0]] * 1_000_001).encode())


def test_a_header_past_the_limits_is_refused_before_anything_is_read():
    with pytest.raises(Malformed):
        channel.unpack_header(struct.pack("<BQII", 1, 0, 0xFFFFFFFF, 0))
    with pytest.raises(Malformed):
        channel.unpack_header(struct.pack("<BQII", 1, 0, 0, 0xFFFFFFFF))


def test_it_needs_no_numpy():
    """The plain runtime has none: values travel, and an array is refused in words."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from workers.runner.codec import Decoder, Encoder\n"
        "import workers.runner.program\n"
        "text, buffers = Encoder().encode([1, {'a': (2, 3)}])\n"
        "assert Decoder().decode(text) == [1, {'a': (2, 3)}]\n"
        "assert 'numpy' not in sys.modules\n"
        "try:\n"
        '    Decoder().decode(b\'{"t":"nd","v":["<f8",[1],0]}\', bytearray(8))\n'
        "except ImportError:\n"
        "    print('no numpy')\n"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "no numpy\n", done.stderr


def test_the_runner_ignores_modules_beside_the_student(tmp_path):
    """A student's json.py or platform.py must not be what the runner imports."""
    for name in ("json", "platform", "struct", "random"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('hostile')\n")
    code = f"import sys; sys.path.append({str(ROOT)!r}); import workers.runner.program; print('fine')"
    command = [sys.executable, "-sSP", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout == "fine\n", done.stderr


def test_names_of_types_run_no_code():
    class Meta(type):
        @property
        def __name__(cls):
            raise RuntimeError

    assert "Odd" in codec.name_of(Meta("Odd", (), {}))
