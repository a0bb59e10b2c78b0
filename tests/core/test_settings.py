"""Settings come from the environment or from a door, are checked when they come, and never change afterwards."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from core.settings import Settings


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is set but what a test sets."""
    for name in os.environ:
        if name.upper().startswith(("STUDIO_", "SPACE_")):
            monkeypatch.delenv(name)


def test_left_alone_the_studio_serves_this_machine_only_and_asks_nobody_to_sign_in() -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.is_shared) == ("127.0.0.1", 7860, False)
    assert (settings.profile, settings.auth_file) == (None, None)
    assert settings.data == Path("data")


def test_every_field_is_set_by_its_environment_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    auth_file = tmp_path / "people"
    auth_file.touch()
    wanted = {
        "data": tmp_path,
        "runs": tmp_path / "runs",
        "database": SecretStr("**********"),  # which is what a secret is written as
        "ray": "auto",
        "ray_pools": "painter=2@0.5",
        "profile": "klein-4b",
        "host": "0.0.0.0",
        "port": 8000,
        "auth_file": auth_file,
        "max_stories": 3,
        "max_stories_each": 2,
        "max_waiting": 7,
        "max_requests_each": 10,
        "max_stored_mb_each": 0,
        "max_model_seconds_each": 60,
        "max_upload_mb": 5,
        "trusted_proxies": ("127.0.0.1", "10.0.0.0/8"),
        "embedded_by": ("https://huggingface.co", "https://*.example.org:8443"),
        "metrics_token": SecretStr("**********"),
        "drain_seconds": 5.0,
        "log": "json",
        "admins": ("eve", "ben"),
        "hosts": ("studio.example.org", "studio.local"),
        "annotators": ("ann", "bob"),
        "leads": ("eve",),
    }
    for name, value in wanted.items():
        monkeypatch.setenv(f"STUDIO_{name.upper()}", ",".join(value) if isinstance(value, tuple) else str(value))
    assert Settings().model_dump() == wanted
    assert all(wanted[name] != field.get_default(call_default_factory=True) for name, field in Settings.model_fields.items())


def test_what_is_passed_in_outranks_the_environment_and_an_empty_variable_sets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_PORT", "8000")
    monkeypatch.setenv("STUDIO_AUTH_FILE", "")
    monkeypatch.setenv("STUDIO_MAX_WAITING", "")
    monkeypatch.setenv("PORT", "9000")  # not ours
    assert Settings().port == 8000
    assert Settings(port=8001).port == 8001
    assert (Settings().auth_file, Settings().max_waiting) == (None, 64)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("port", 1, 65535),
        ("max_stories", 1, None),
        ("max_stories_each", 1, None),
        ("max_waiting", 1, None),
        ("max_requests_each", 0, None),
        ("max_stored_mb_each", 0, None),
        ("max_model_seconds_each", 0, None),
        ("max_upload_mb", 1, 50),
        ("drain_seconds", 0, 3600),
    ],
)
def test_a_number_out_of_bounds_is_refused_from_wherever_it_comes(
    name: str, least: int, most: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in (least, most or 10**6):
        assert getattr(Settings(**{name: value}), name) == value
    for value in (least - 1, -1, "many", *([most + 1] if most else [])):
        with pytest.raises(ValidationError, match=name):
            Settings(**{name: value})
        monkeypatch.setenv(f"STUDIO_{name.upper()}", str(value))
        with pytest.raises(ValidationError, match=name):
            Settings()


def test_an_unknown_field_is_refused_and_a_known_one_never_changes() -> None:
    with pytest.raises(ValidationError, match="prot"):
        Settings(prot=8000)  # type: ignore[call-arg]
    settings = Settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 8000  # type: ignore[misc]


def test_the_file_of_who_may_sign_in_must_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(ValidationError, match="nobody could sign in"):
            Settings(auth_file=path)
        monkeypatch.setenv("STUDIO_AUTH_FILE", str(path))
        with pytest.raises(ValidationError, match="nobody could sign in"):
            Settings()
    (tmp_path / "people").touch()
    assert Settings(auth_file=tmp_path / "people").auth_file == tmp_path / "people"


@pytest.mark.parametrize(
    ("host", "shared"),
    [
        ("127.0.0.1", False),
        ("::1", False),
        ("localhost", False),
        ("0.0.0.0", True),
        ("::", True),
        ("192.168.1.7", True),
        ("", True),
    ],
)
def test_a_studio_is_shared_unless_only_this_machine_can_reach_it(host: str, shared: bool) -> None:
    assert Settings(host=host).is_shared is shared


def test_a_studio_behind_a_proxy_is_shared_wherever_it_listens() -> None:
    assert Settings(host="127.0.0.1", trusted_proxies="127.0.0.1").is_shared


def test_on_a_space_its_proxy_is_believed_and_its_page_may_frame_the_studio(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (Settings().trusted_proxies, Settings().embedded_by) == ((), ())
    monkeypatch.setenv("SPACE_ID", "me/studio")
    assert Settings().embedded_by == ("https://huggingface.co",)
    assert "10.0.0.0/8" in Settings().trusted_proxies
    assert "*" not in Settings().trusted_proxies, "the first address of a header is the visitor's to write"


@pytest.mark.parametrize(
    "site", ["huggingface.co", "*", "https://a.example/path", "https://a.example; script-src *", "https://a\r\nX: 1"]
)
def test_only_a_site_may_be_named_as_one_that_frames(site: str) -> None:
    with pytest.raises(ValidationError, match="is no site"):
        Settings(embedded_by=(site,))
