"""The certificates that entries of `builders` name: where this machine keeps them, and whether they can be used."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.model.config.builders import Builder
from orchestrator.tools import docker_home
from orchestrator.tools.engine.certificates import CA, CERTIFICATE, KEY, Certificates

_KEPT = "ORCHESTRATOR_CERTIFICATES"


def of(builder: Builder, environment: Mapping[str, str]) -> Certificates | None:
    """The certificates that an entry names, in an absolute folder as buildx wants it; None where it names none.

    Raises InputError with everything that keeps them from being used.
    """
    if not builder.certificates:
        return None
    kept = Path(environment.get(_KEPT) or docker_home.folder(environment))
    folder = (kept / builder.certificates).absolute()
    has_ours = any((folder / name).exists() for name in (CERTIFICATE, KEY))
    found = Certificates(folder, has_ours=has_ours, server_name=builder.server_name)
    if problems := tuple(_problems(found)):
        raise InputError(*(f"the certificates for {builder.endpoint or builder.host}: {each}" for each in problems))
    return found


def _problems(found: Certificates) -> Iterator[str]:
    names = (CA, CERTIFICATE, KEY) if found.has_ours else (CA,)
    unreadable = [text for name in names if (text := _unreadable(found.folder / name))]
    yield from unreadable
    if unreadable:
        return
    try:
        _ = found.for_handshake
    except OSError:
        yield (
            f"{found.folder}: {', '.join(names)} cannot be used; expected certificates in PEM, and a key that belongs "
            "to ours and has no password"
        )


def _unreadable(path: Path) -> str:
    try:
        path.read_bytes()
    except OSError as error:
        return (
            f"{path}: {error.strerror}; expected {CA}, the certificate of an authority, and {CERTIFICATE} with {KEY} "
            "where the other side asks who we are"
        )
    return ""
