"""Settings: defaults, file, environment, flags, and where each came from; secrets stay secret."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from sluiceway.errors import UsageError
from sluiceway.settings import SETTINGS, Settings, load_settings, parse_duration


def load(
    folder: Path, environment: dict[str, str] | None = None, flags: dict[str, str] | None = None
) -> Settings:
    return load_settings(environment=environment or {}, folder=folder, flags=flags)


def test_defaults_are_those_of_the_contract(tmp_path: Path) -> None:
    settings = load(tmp_path)

    assert settings.database_url == "sqlite:///.sluiceway/sluiceway.db"
    assert settings.domain == "localhost:4080"
    assert settings.retention == timedelta(days=14)
    assert settings.origins["domain"] == "default"


def test_the_file_the_environment_and_flags_go_in_that_order(tmp_path: Path) -> None:
    (tmp_path / "sluiceway.toml").write_text(
        'domain = "file"\nfriendly_name = "File"\nconcurrency = 7\nallow_hosts = ["a", "b"]\n'
        "[check]\nignore = []\n"
    )

    settings = load(tmp_path, {"SLUICEWAY_DOMAIN": "env"}, {"domain": "flag"})

    assert (settings.domain, settings.origins["domain"]) == ("flag", "flag")
    assert (settings.friendly_name, settings.origins["friendly_name"]) == ("File", "sluiceway.toml")
    assert (settings.concurrency, settings.allow_hosts) == (7, ("a", "b"))
    assert load(tmp_path, {"SLUICEWAY_DOMAIN": "env"}).origins["domain"] == "SLUICEWAY_DOMAIN"


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n")

    settings = load(tmp_path, {"SLUICEWAY_VAULT_KEY_FILE": str(tmp_path / "key")})

    assert settings.vault_key == "s3cret"
    assert settings.origins["vault_key"] == "SLUICEWAY_VAULT_KEY_FILE"
    assert "s3cret" not in repr(settings)


def test_every_secret_stays_out_of_the_repr(tmp_path: Path) -> None:
    secrets = [setting for setting in SETTINGS if setting.is_secret]
    flags = {setting.name: f"canary-{setting.name}" for setting in secrets}

    assert secrets
    assert "canary" not in repr(load(tmp_path, flags=flags))


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"SLUICEWAY_RETENTION": "soon"}, "expected a time like"),
        ({"SLUICEWAY_CONCURRENCY": "many"}, "cannot read 'many'"),
        ({"SLUICEWAY_LOG_FORMAT": "xml"}, "expected console or json"),
        ({"SLUICEWAY_VAULT_KEY_FILE": "/nowhere"}, "cannot read the file"),
    ],
)
def test_a_value_that_cannot_be_used_says_where_it_came_from(
    tmp_path: Path, environment: dict[str, str], words: str
) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        load(tmp_path, environment)
    assert caught.value.at in {*environment, "/nowhere"}


@pytest.mark.parametrize(
    ("text", "words"), [("domain = ", "cannot read"), ("domian = 1", "domian")]
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "sluiceway.toml").write_text(text)

    with pytest.raises(UsageError, match=words) as caught:
        load(tmp_path)
    assert caught.value.at.endswith("sluiceway.toml")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30),
        ("250ms", 0.25),
        ("15m", 900),
        ("2 hours", 7200),
        ("14 days", 1209600),
        ("1.5h", 5400),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text).total_seconds() == seconds


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///.sluiceway/sluiceway.db", Path(".sluiceway/sluiceway.db")),
        ("sqlite:////var/lib/s.db", Path("/var/lib/s.db")),
        ("sqlite://", None),
        ("postgresql://h/d", None),
    ],
)
def test_the_database_file_is_read_from_the_url(
    tmp_path: Path, url: str, path: Path | None
) -> None:
    settings = load(tmp_path, flags={"database_url": url})

    assert settings.sqlite_path == path
    assert settings.state_folder == (path.parent if path else Path(".sluiceway"))
