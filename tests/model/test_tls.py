import pytest

from orchestrator.errors import InputError, NotAuthorisedError, OrchestratorError, UnavailableError
from orchestrator.model.refusals import Refusal
from orchestrator.model.tls import failed, unnamed, untrusted

NO_NAME = "reach it by a name that its certificate has; the driver `remote` takes another one as `server_name`"
NO_AUTHORITY = "put the certificate of the authority that signed it into /keys as ca.pem"
OLD = "have it renewed there, or set the clock of this machine"


@pytest.mark.parametrize(
    ("why", "remedy"),
    [
        ("unable to get local issuer certificate", NO_AUTHORITY),
        ("self-signed certificate", NO_AUTHORITY),
        ("certificate has expired", OLD),
        ("certificate is not yet valid", OLD),
        ("Hostname mismatch, certificate is not valid for 'b.example'", NO_NAME),
        ("IP address mismatch, certificate is not valid for '10.0.0.5'", NO_NAME),
    ],
)
def test_a_certificate_that_is_not_trusted_is_for_people_to_mend(why: str, remedy: str) -> None:
    reason = f"TLS: its certificate is not trusted: {why}"

    assert untrusted(f"{why}.", place="/keys") == Refusal(reason, remedy, InputError)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "certificate required"),
        ("SSLV3_ALERT_BAD_CERTIFICATE", "bad certificate"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "certificate expired"),
        ("TLSV1_ALERT_UNKNOWN_CA", "unknown ca"),
        ("TLSV1_ALERT_ACCESS_DENIED", "access denied"),
    ],
)
def test_who_is_not_trusted_is_not_authorised(code: str, said: str) -> None:
    assert failed(code, place="/keys") == Refusal(
        f"TLS: it takes no connection without a certificate that it trusts: {said}",
        "see that /keys has a cert.pem with its key.pem that it trusts",
        NotAuthorisedError,
    )


@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [
        ("WRONG_VERSION_NUMBER", "it does not speak TLS", InputError),
        ("RECORD_LAYER_FAILURE", "it does not speak TLS", InputError),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "TLS: protocol version", InputError),
        ("NO_PROTOCOLS_AVAILABLE", "TLS: no protocols available", InputError),
        ("UNEXPECTED_EOF_WHILE_READING", "TLS: it broke the connection off", UnavailableError),
        ("", "TLS: it broke the connection off", UnavailableError),
    ],
)
def test_what_else_fails_is_told_in_words(code: str, reason: str, error: type[OrchestratorError]) -> None:
    found = failed(code, place="/keys")

    assert (found.reason, found.error) == (reason, error)


@pytest.mark.parametrize(
    ("named_by", "remedy"),
    [
        ("", "name their folder by `certificates` in `builders`"),
        ("DOCKER_HOST", "name them along with DOCKER_HOST"),
    ],
)
def test_certificates_are_named_where_the_address_is(named_by: str, remedy: str) -> None:
    assert unnamed(named_by=named_by) == Refusal(
        "it speaks TLS, and no certificates are named for it", remedy, InputError
    )
