"""``medsift app``: what Streamlit is told."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from medsift.app import cli
from medsift.app.settings import AppSettings
from medsift.cli import main
from medsift.core.errors import UsageError


def words(*arguments: str) -> list[str]:
    parser = argparse.ArgumentParser()
    cli.add_arguments(parser)
    return cli.streamlit_words(parser.parse_args(arguments), "SETTINGS")


def test_nothing_leaves_the_machine_and_only_it_is_listened_to() -> None:
    given = words()
    assert "--browser.gatherUsageStats=false" in given
    assert "--server.showEmailPrompt=false" in given
    assert "--server.address=127.0.0.1" in given
    assert given[-2:] == ["--", "SETTINGS"]


def test_options_reach_streamlit() -> None:
    given = words("--host", "0.0.0.0", "--port", "9000", "--no-browser", "--max-upload-mb", "50")
    assert "--server.address=0.0.0.0" in given
    assert "--server.port=9000" in given
    assert "--server.headless=true" in given
    assert "--server.maxUploadSize=50" in given


def test_every_option_is_one_that_streamlit_knows() -> None:
    from streamlit import config

    known = config.get_config_options()
    names = [word[2:].split("=")[0] for word in words() if word.startswith("--") and word != "--"]
    assert len(names) > 10
    assert {name for name in names if name not in known} == set()


def test_settings_survive_the_way_to_the_script() -> None:
    settings = AppSettings("fast", workers=3, seconds=5.0, allow_private=True, ports=(8080,))
    assert AppSettings.from_text(settings.to_text()) == settings
    options = settings.scan_options()
    assert options.web.allow_private
    assert options.web.ports == (80, 443, 8080)


def test_private_addresses_are_closed_by_default() -> None:
    assert not AppSettings().scan_options().web.allow_private


def test_the_command_hands_over_to_streamlit(monkeypatch: pytest.MonkeyPatch) -> None:
    import streamlit.web.cli

    called: list[Any] = []
    monkeypatch.setattr(streamlit.web.cli, "main", lambda given, **_: called.append(given))
    assert main(["app", "--model", "fast", "--allow-port", "8080"]) == 0
    (given,) = called
    settings = AppSettings.from_text(given[-1])
    assert settings == AppSettings("fast", ports=(8080,))


def test_without_streamlit_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'medsift\[app\]'"):
        cli.run(argparse.Namespace())


def test_an_unknown_model_is_refused_before_anything_starts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["app", "--model", "no-such-model"]) != 0
    assert "no-such-model" in capsys.readouterr().err
