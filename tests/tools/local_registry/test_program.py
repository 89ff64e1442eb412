"""The local registry's configuration."""

from pathlib import Path

import yaml

from orchestrator.tools.local_registry.program import configuration, running


def test_the_configuration_stays_on_loopback_deletes_and_takes_foreign_layers() -> None:
    text = configuration(listen="127.0.0.1:5000", storage="/state/registry/data", folder=Path("/state/registry"))

    settings = yaml.safe_load(text)
    owner = settings["http"]["headers"].pop("Orchestrator-Registry")
    assert settings == {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": "/state/registry/data"}, "delete": {"enabled": True}},
        "http": {"addr": "127.0.0.1:5000", "headers": {"X-Content-Type-Options": ["nosniff"]}},
        "validation": {"manifests": {"urls": {"allow": ["^https?://"]}}},
    }
    assert len(owner[0]) == 16


def test_two_folders_have_registries_that_can_be_told_apart() -> None:
    texts = {configuration(listen="x", storage="y", folder=Path(folder)) for folder in ("/one", "/two")}

    assert len(texts) == 2


def test_a_folder_without_a_record_has_no_process(tmp_path: Path) -> None:
    assert running(tmp_path) is None
