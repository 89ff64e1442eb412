"""Image reports as a document for programs: the same facts, none of them cut or rounded."""

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

from orchestrator.errors import ExitCode
from orchestrator.model.oci import Descriptor
from orchestrator.model.report import ImageReport, Layer, Report
from orchestrator.model.report.config import Settings, Step
from orchestrator.model.report.instructions import instruction


def reports_document(reports: Iterable[Report], problems: Sequence[str], *, code: ExitCode) -> dict[str, Any]:
    """What `report --format json` prints, schema 1; `problems` says of which names there is no report, and why."""
    return {
        "schema": 1,
        "exit_code": int(code),
        "images": [report_document(each) for each in reports],
        "problems": list(problems),
    }


def pages_document(
    changed: Iterable[PurePosixPath], gone: Iterable[PurePosixPath], problems: Sequence[str], *, code: ExitCode
) -> dict[str, Any]:
    """What `report -o DIR --format json` prints, schema 1: paths below DIR."""
    return {
        "schema": 1,
        "exit_code": int(code),
        "changed": [str(path) for path in changed],
        "gone": [str(path) for path in gone],
        "problems": list(problems),
    }


def report_document(report: Report) -> dict[str, Any]:
    """One report; times are ISO 8601 in UTC, sizes bytes."""
    return {
        "image": report.name.short,
        "exists": report.top is not None,
        "digest": report.top.digest if report.top else None,
        "media_type": report.top.media_type if report.top else None,
        "platforms": [_image(image) for image in report.images],
        "others": [other.entry for other in report.others],
        "referrers": _referrers(report.referrers),
    }


def platform_document(descriptor: Descriptor) -> dict[str, Any]:
    """The platform as an index has it; empty where nothing says it."""
    found: dict[str, Any] = descriptor.entry.get("platform", {})
    return found


def _image(image: ImageReport) -> dict[str, Any]:
    platform = platform_document(image.descriptor)
    return {
        "platform": {**platform, "features": list(image.cpu_features)} if image.cpu_features else platform,
        "digest": image.descriptor.digest,
        "media_type": image.descriptor.media_type,
        "size": image.size,
        "image_id": image.config.digest,
        "created": _time(image.created),
        **_settings(image.settings),
        "history": [_step(step, shell=image.settings.shell or ()) for step in image.steps],
        "layers": [_layer(layer) for layer in image.layers],
        "attestations": [{"digest": each.digest, "predicates": list(each.predicates)} for each in image.attestations],
        "referrers": _referrers(image.referrers),
    }


def _settings(settings: Settings) -> dict[str, Any]:
    return {
        "docker_version": settings.docker_version or None,
        "entrypoint": _words(settings.entrypoint),
        "command": _words(settings.command),
        "shell": _words(settings.shell),
        "user": settings.user or None,
        "working_dir": settings.working_dir or None,
        "stop_signal": settings.stop_signal or None,
        "environment": dict(settings.environment),
        "labels": dict(settings.labels),
    }


def _step(step: Step, *, shell: Sequence[str]) -> dict[str, Any]:
    return {
        "created": _time(step.created),
        "created_by": step.created_by,
        "instruction": instruction(step.created_by, shell=shell),
        "empty_layer": step.is_empty,
    }


def _layer(layer: Layer) -> dict[str, Any]:
    return {
        "digest": layer.descriptor.digest,
        "media_type": layer.descriptor.media_type,
        "size": layer.descriptor.size,
        "modified": _time(layer.modified),
        "urls": list(layer.descriptor.urls),
    }


def _referrers(several: Sequence[Descriptor] | None) -> list[dict[str, Any]] | None:
    """Null where nobody asked for them."""
    return None if several is None else [each.entry for each in several]


def _words(words: Sequence[str] | None) -> list[str] | None:
    return None if words is None else list(words)


def _time(when: dt.datetime | None) -> str | None:
    return when.isoformat() if when else None
