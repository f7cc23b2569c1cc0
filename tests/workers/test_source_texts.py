"""What students really hand in: odd encodings, top-level prints, exits. Each gets a fair verdict and a sentence."""

from __future__ import annotations

import pytest

from tests.workers.grading import exercise

pytestmark = pytest.mark.sandbox

TESTS = """
@test("p", points=1, public=True)
def p(solution, rng):
    assert_equal(solution.f(), "é")

@test("h", points=1)
def h(solution, rng):
    assert_equal(solution.f(), "é")
"""
GOOD = "def f():\n    return 'é'\n"


@pytest.fixture(scope="module")
def files():
    return exercise(TESTS, GOOD, seconds=1, total=5)


def test_it_works(grader, files):
    assert grader.grade(files, GOOD)["verdict"] == "passed"


@pytest.mark.parametrize(
    "source",
    [
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("    ", "\t"),
        GOOD + "\x0c\n",
        "# -*- coding: utf-8 -*-\n" + GOOD,
        "#!/usr/bin/env python3\n" + GOOD,
        GOOD.rstrip("\n"),
        "def f():\n    return 'e\\u0301'.encode().decode() and 'é'\n",
        GOOD + "if __name__ == '__main__':\n    raise SystemExit(f())\n",
        GOOD + "print('loaded: é €')\n",
        "import warnings\nwarnings.warn('mind this')\n" + GOOD,
        "import sys\nsys.setrecursionlimit(5000)\n" + GOOD,
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n" + GOOD,
        "import atexit, time\natexit.register(time.sleep, 60)\n" + GOOD,
        "from __future__ import annotations\n" + GOOD,
        "try:\n    import matplotlib.pyplot as plt\nexcept ImportError:\n    plt = None\nassert plt is None\n" + GOOD,
        "import sys\nsys.stdout = None\n" + GOOD,
        "import sys\nsys.stdout.close()\n" + GOOD,
        "été = 'é'\ndef f():\n    return été\n",
        "import dataclasses, typing, asyncio, tempfile, sqlite3, concurrent.futures\n"
        "@dataclasses.dataclass\nclass P:\n    x: int\n"
        "async def g():\n    return 'é'\n"
        "def f():\n    P(1)\n    with tempfile.TemporaryFile() as t:\n        t.write(b'x')\n"
        "    with concurrent.futures.ThreadPoolExecutor(2) as pool:\n        assert list(pool.map(abs, [-1])) == [1]\n"
        "    return asyncio.run(g())\n",
    ],
)
def test_it_loads(grader, files, source):
    report = grader.grade(files, source)
    assert report["verdict"] == "passed", (report["message"], report["tests"], report["staff"])


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f(:\n    pass\n", "line 1: SyntaxError"),
        ("def f():\n\tif 1:\n        return 1\n", "line 3: TabError"),
        ("def f():\nreturn 1\n", "line 2: IndentationError"),
        ("def f():\n    return “é”\n", "line 2: SyntaxError: invalid character"),
        ("x = 1\u00a0\ndef f(): pass\n", "line 1: SyntaxError: invalid non-printable character"),
        ("x = 1\ny = '\0'\n", "line 2: the file holds a NUL"),
        ("return 1\n", "line 1: SyntaxError"),
        ("x = " + "(" * 500 + ")" * 500, "SyntaxError"),
        ("x = " + "-" * 100_000 + "1", "nested too deeply"),
        ("x = " + "+".join(["1"] * 50_000), "nested too deeply"),
        ("print(undefined)\n", "line 1: NameError: name 'undefined' is not defined"),
        ("x = input('?')\n", "line 1 asks for keyboard input"),
        ("def g():\n    exit()\ng()\n", "line 2 ends the program"),
        ("import sys\nsys.exit(0)\n", "line 2 ends the program"),
        ("import matplotlib.pyplot as plt\n", "line 1 imports matplotlib.pyplot; this exercise allows numpy"),
        ("def f():\n    import torch\n", "line 2 imports torch"),
        ("from os import *\nfrom workers.testkit import test\n", "line 2 imports workers.testkit"),
        ("from . import helper\n", "imports ."),
        ("import tests\n", "imports tests"),
        ("raise BaseException('no')\n", "line 1: BaseException: no"),
        ("\udce9", "not UTF-8"),
        ("# " + "x" * (256 << 10), "larger than the 256 kB"),
    ],
)
def test_it_is_rejected_with_the_line(grader, files, source, said):
    report = grader.grade(files, source)
    assert (report["verdict"], report["score"]) == ("rejected", 0)
    assert said in report["message"], report["message"]
    assert {test["verdict"] for test in report["tests"]} == {"skipped"}


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        ("while True: pass\n", "timeout"),
        ("import os\nos._exit(0)\n", "crashed"),
        ("import ctypes\nctypes.string_at(0)\n", "crashed"),
        ("x = bytearray(4 << 30)\n", "memory"),
        ("while True: print('x' * 999)\n", "failed"),
    ],
)
def test_loading_can_fail_like_a_call(grader, files, source, verdict):
    report = grader.grade(files, source)
    assert (report["verdict"], report["score"]) == (verdict, 0)
    assert {test["verdict"] for test in report["tests"]} == {verdict}


def test_an_import_at_run_time_keeps_to_the_list(grader, files):
    source = "import importlib\ndef f():\n    return importlib.import_module('pytest').__name__\n"
    report = grader.grade(files, source)
    assert "ModuleNotFoundError" in report["tests"][0]["message"]


def test_numpy_may_import_what_it_likes(grader, files):
    source = (
        "import numpy as np\nimport numpy.polynomial\ndef f():\n    np.testing.assert_equal(1, 1)\n    return 'é'\n"
    )
    assert grader.grade(files, source)["verdict"] == "passed"


def test_warnings_and_prints_go_to_the_output(grader, files):
    source = "import sys, warnings\nprint('loading…')\nwarnings.warn('mind this')\n" + GOOD
    report = grader.grade(files, source)
    assert "loading…" in report["output"] and "mind this" in report["output"]


def test_nul_and_half_characters_in_output_can_be_stored(grader, files):
    source = "import os\nos.write(1, b'a\\0b\\xff')\nprint('\\ud800')\n" + GOOD
    output = grader.grade(files, source)["output"]
    assert "\0" not in output and output.encode("utf-8") and output.startswith("a")
