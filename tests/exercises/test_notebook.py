"""Uploaded notebooks become one Python source, or say what is wrong with them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exercises import notebook
from exercises.errors import NotText, TooLarge


def cell(source: str | list[str], kind: str = "code") -> dict[str, Any]:
    extra = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, "source": source, **extra}


def file(*cells: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)} | changes).encode()


def test_it_works() -> None:
    data = file(cell("# Title", "markdown"), cell(["import numpy as np\n", "\n"]), cell("def f(x):\n    return x"))
    assert notebook.code_of(data) == "import numpy as np\n\ndef f(x):\n    return x\n"


def test_what_only_jupyter_understands_becomes_a_comment() -> None:
    data = file(
        cell("%matplotlib inline\n!pip install x\n?print\n    %time f()\nx = 7 % 3"),
        cell("%%bash\nrm -rf /\n"),
        cell("%%time\ny = 1"),
    )
    source = notebook.code_of(data)
    compile(source, "joined", "exec")
    names: dict[str, Any] = {}
    exec(source, names)  # the point: what is joined is Python
    assert (names["x"], names["y"]) == (1, 1)
    assert "# rm -rf /" in source
    assert "#     %time f()" in source


def test_older_formats_and_a_byte_order_mark_are_read() -> None:
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {},
        "worksheets": [{"cells": [{"cell_type": "code", "language": "python", "input": "a = 1", "outputs": []}]}],
    }
    assert notebook.code_of(b"\xef\xbb\xbf" + json.dumps(old).encode()) == "a = 1\n"


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"not json", "not a notebook"),
        (b"[1, 2]", "not a notebook"),
        (b"{}", "not a notebook"),
        (b'"text"', "not a notebook"),
        (file(cell("x = 1"))[:-5], "not a notebook"),
        (file(nbformat="four"), "not a notebook"),
        (file({"cell_type": "code"}), "not a notebook"),
        (file(cell({"no": "text"})), "not a notebook"),  # type: ignore[arg-type]
        (b"[" * 100_000, "not a notebook"),
        (file(), "no code cell"),
        (file(cell("# only text", "markdown"), cell("  \n")), "no code cell"),
        (b"\xff\xfe\x00", "not UTF-8"),
    ],
)
def test_what_is_no_notebook_says_so(data: bytes, word: str) -> None:
    with pytest.raises(NotText, match=word):
        notebook.code_of(data)


def test_a_huge_one_is_refused_with_advice(monkeypatch: Any) -> None:
    monkeypatch.setattr(notebook, "MAX_NOTEBOOK_BYTES", 1 << 20)
    with pytest.raises(TooLarge, match="Clear its outputs"):
        notebook.code_of(b" " * ((1 << 20) + 1))
