"""TLS before an engine or a BuildKit that does not answer: what it has against a connection."""

import ssl
from asyncio import open_connection, timeout
from pathlib import Path
from typing import Any

from yarl import URL

from orchestrator.model.refusals import Refusal
from orchestrator.model.tls import NO_TLS, failed, unnamed, untrusted
from orchestrator.tools.engine.certificates import Certificates

_ANSWER_SECONDS = 5
# Nothing is believed of who answers, and nothing is told to it.
_ANYBODY = Certificates(Path(), has_ca=False, has_ours=False, is_verified=False)
# What a client of gRPC says first (RFC 9113, 3.4), a preface and a frame of settings; HTTP/1 has an answer to it, too.
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0"
# How a server that speaks TLS answers to something else (RFC 8446, 5.1).
_ALERT = b"\x15"


async def objection(address: str, certificates: Certificates | None, *, named_by: str = "") -> Refusal | None:
    """What TLS has against a connection to an address, found out by a handshake.

    None where it has nothing against it, where the address is none of `tcp://`, and where nobody answers. A server that
    lets us in is waited for until it says something, as gRPC's does at once, or for some seconds. `named_by` is as
    `unnamed` takes it.
    """
    url = _place_of(address)
    if url is None:
        return None
    if certificates is None:
        return unnamed(named_by=named_by) if await _speaks_tls(url) else None
    try:
        await _shake_hands(url, certificates)
    except ssl.SSLEOFError as error:
        return NO_TLS if await _speaks_plainly(url) else _refusal(error, place=str(certificates.folder))
    except ssl.SSLError as error:
        return _refusal(error, place=str(certificates.folder))
    except OSError:
        # Who speaks something else may hang up on a handshake before the bytes arrive that would tell so.
        return NO_TLS if await _speaks_plainly(url) else None
    return None


def _place_of(address: str) -> URL | None:
    """Where a handshake can be tried; what else a user may call an engine is for others to judge."""
    try:
        url = URL(address)
    except ValueError:
        return None
    return url if url.scheme == "tcp" and url.host and url.port else None


async def _speaks_tls(url: URL) -> bool:
    try:
        await _shake_hands(url, _ANYBODY)
    except ssl.SSLError as error:
        return "ALERT" in _code(error)
    except OSError:
        return False
    return True


async def _speaks_plainly(url: URL) -> bool:
    try:
        return await _first_byte(url, says=_GREETING) not in {b"", _ALERT}
    except OSError:
        return False


async def _shake_hands(url: URL, certificates: Certificates) -> None:
    """Raises ssl.SSLError where TLS fails, OSError where the connection does, both at once or after some seconds."""
    # With TLS 1.3 a server judges our certificate when for us the handshake is done. Who writes then may miss what it
    # says of it: the connection is gone before that was read.
    await _first_byte(url, ssl=certificates.for_handshake, server_hostname=certificates.server_name or url.host)


async def _first_byte(url: URL, *, says: bytes = b"", **tls: Any) -> bytes:
    """What a server begins its answer with, empty where it hangs up; `tls` as `open_connection` takes it."""
    async with timeout(_ANSWER_SECONDS):
        reader, writer = await open_connection(url.host, url.port, **tls)
        try:
            writer.write(says)
            return await reader.read(1)
        finally:
            writer.transport.abort()


def _refusal(error: ssl.SSLError, *, place: str) -> Refusal:
    if isinstance(error, ssl.SSLCertVerificationError):
        return untrusted(error.verify_message, place=place)
    return failed(_code(error), place=place)


def _code(error: ssl.SSLError) -> str:
    """OpenSSL's name of it, which the end of a connection has not."""
    return error.reason or ""
