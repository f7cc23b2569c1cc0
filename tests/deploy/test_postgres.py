"""The throw-away PostgreSQL server of `make test`."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psutil
import psycopg
import pytest

from deploy.options import ROOT
from deploy.postgres import find_programs, throw_away_server

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(find_programs() is None, reason="PostgreSQL is not installed"),
]


def folder_of(url: str) -> Path:
    return Path(unquote(urlsplit(url).hostname or ""))


def test_it_works() -> None:
    with throw_away_server() as url:
        folder = folder_of(url)
        with psycopg.connect(host=str(folder), user="postgres", dbname="postgres") as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_a_killed_test_run_leaves_no_server() -> None:
    code = """
        import time
        from deploy.postgres import throw_away_server
        with throw_away_server() as url:
            print(url, flush=True)
            time.sleep(600)
    """
    command = [sys.executable, "-c", "if True:" + code]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder = folder_of(process.stdout.readline().strip())
        servers = psutil.Process(process.pid).children()
        assert servers
        process.send_signal(signal.SIGKILL)
    _gone, alive = psutil.wait_procs(servers, timeout=30)
    assert alive == []
    subprocess.run(["rm", "-rf", str(folder)], check=True)
