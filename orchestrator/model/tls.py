"""TLS before an engine or a BuildKit: what its failures mean, and what to do about each."""

import re

from orchestrator.errors import InputError, NotAuthorisedError, UnavailableError
from orchestrator.model.refusals import Refusal

_NOT_OURS = re.compile(r"ALERT_(?:.*_)?(?:CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)")
_BROKEN_OFF = frozenset({"UNEXPECTED_EOF_WHILE_READING"})
# OpenSSL's words for bytes that are not TLS, of which the first versions had others.
_NOT_TLS = frozenset({"HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "WRONG_VERSION_NUMBER"})
_OTHER_NAME = re.compile(r"(?:Hostname|IP address) mismatch")
_OUT_OF_DATE = re.compile(r"certificate (?:has expired|is not yet valid)")

NO_PASSWORD = ""
"""For a private key: one that asks for another must not wait for somebody who types it."""

NO_TLS = Refusal("it does not speak TLS", "let it listen with TLS, or name no certificates for it", InputError)


def wants_ours(code: str) -> bool:
    """Whether the other side said that it takes nobody without a certificate that it trusts; `code` as of `failed`."""
    return bool(_NOT_OURS.search(code))


def unnamed(*, named_by: str = "") -> Refusal:
    """What it means that something that speaks TLS is spoken to without.

    `named_by` says where its address comes from, such as DOCKER_HOST; empty for `builders`.
    """
    remedy = f"name them along with {named_by}" if named_by else "name their folder by `certificates` in `builders`"
    return Refusal("it speaks TLS, and no certificates are named for it", remedy, InputError)


def untrusted(why: str, *, place: str) -> Refusal:
    """What it means that a certificate is not trusted; `why` in OpenSSL's words, `place` is where ours are kept."""
    reason = f"TLS: its certificate is not trusted: {why.rstrip('.')}"
    if _OTHER_NAME.match(why):
        remedy = "reach it by a name that its certificate has; the driver `remote` takes another one as `server_name`"
    elif _OUT_OF_DATE.match(why):
        remedy = "have it renewed there, or set the clock of this machine"
    else:
        remedy = f"put the certificate of the authority that signed it into {place} as ca.pem"
    return Refusal(reason, remedy, InputError)


def failed(code: str, *, place: str) -> Refusal:
    """What it means that TLS failed otherwise; `code` is OpenSSL's, such as `TLSV13_ALERT_CERTIFICATE_REQUIRED`."""
    said = code.rpartition("ALERT_")[2].replace("_", " ").lower()
    if wants_ours(code):
        remedy = f"see that {place} has a cert.pem with its key.pem that it trusts"
        return Refusal(
            f"TLS: it takes no connection without a certificate that it trusts: {said}", remedy, NotAuthorisedError
        )
    if code in _NOT_TLS:
        return NO_TLS
    if not code or code in _BROKEN_OFF:
        return Refusal("TLS: it broke the connection off", f"see its log, and what {place} has", UnavailableError)
    return Refusal(f"TLS: {said}", f"see that both sides speak the same TLS, and what {place} has", InputError)
