"""What `make run` reads from the environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.checks import check_state_folder
from deploy.options import LONGEST_SOCKET_PATH, StartError, broker_socket, read_options
from deploy.programs import SITE_ONLY, grading_environment, make_plan


def test_it_works() -> None:
    options = read_options({"PORT": "8123", "STATE_DIR": "/tmp/somewhere"})
    assert options.address == "http://127.0.0.1:8123"
    assert options.debug
    assert options.state == Path("/tmp/somewhere")


def test_hosts_turn_debug_off_and_open_the_site() -> None:
    options = read_options({"ALLOWED_HOSTS": "rendu.example.org, www.example.org"})
    assert options.hosts == ("rendu.example.org", "www.example.org")
    assert (options.debug, options.host) == (False, "0.0.0.0")


def test_debug_beyond_this_machine_is_refused() -> None:
    with pytest.raises(StartError, match="DEBUG=1"):
        read_options({"DEBUG": "1", "BIND": "0.0.0.0"})


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "eighty"), ("PORT", "70000"), ("PORT", "-1"), ("DEBUG", "perhaps"), ("WEB_THREADS", "0"), ("PORT", "٣")],
)
def test_a_bad_value_is_named(name: str, value: str) -> None:
    with pytest.raises(StartError, match=name):
        read_options({name: value})


def test_port_zero_is_any_free_port() -> None:
    assert read_options({"PORT": "0"}).port > 0


def test_a_long_state_folder_keeps_its_socket_short(tmp_path: Path) -> None:
    state = tmp_path / ("long" * 30)
    path = broker_socket(state)
    try:
        assert len(os.fsencode(path)) <= LONGEST_SOCKET_PATH
        assert path.parent.stat().st_mode & 0o777 == 0o700
    finally:
        path.parent.rmdir()


def test_a_state_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StartError, match="STATE_DIR"):
        check_state_folder(tmp_path / "state")


def test_graders_get_no_secret_of_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SITE_ONLY:
        monkeypatch.setenv(name, "secret")
    assert not set(SITE_ONLY) & grading_environment("redis://localhost").keys()


def test_an_operators_broker_is_not_started(tmp_path: Path) -> None:
    plan = make_plan(read_options({"REDIS_URL": "redis://broker.example.org:6379/0", "STATE_DIR": str(tmp_path)}))
    assert plan.broker is None
    assert plan.grading.environment["REDIS_URL"] == "redis://broker.example.org:6379/0"
