"""Tests of what an answer of a registry means."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from orchestrator.errors import ContractBrokenError, InputError, NotAuthorisedError
from orchestrator.tools.registry.answers import Answer, cleaned, failure, next_page, redacted, retry_after
from orchestrator.tools.registry.retry import TransientError


def answer(status: int, *codes: str, message: str = "", **headers: str) -> Answer:
    body = json.dumps({"errors": [{"code": code, "message": message} for code in codes]}).encode()
    return Answer(status, headers, body)


@pytest.mark.parametrize(
    ("given_answer", "expected"),
    [
        (answer(429), TransientError),
        (answer(429, "DENIED"), TransientError),
        (answer(408), TransientError),
        (answer(425), TransientError),
        (answer(499), TransientError),
        (answer(500, "UNKNOWN"), TransientError),
        (answer(500), TransientError),
        (answer(502), TransientError),
        (answer(503), TransientError),
        (answer(504), TransientError),
        (answer(524), TransientError),
        (Answer(404, {}, b"<html>not here</html>"), TransientError),
        (answer(400, "MANIFEST_BLOB_UNKNOWN"), TransientError),
        (answer(500, "UNKNOWN", "MANIFEST_BLOB_UNKNOWN"), InputError),
        (answer(500, "DIGEST_INVALID"), InputError),
        (answer(400, "MANIFEST_INVALID"), InputError),
        (answer(400), InputError),
        (answer(413), InputError),
        (answer(415), InputError),
        (answer(401), NotAuthorisedError),
        (answer(403, "DENIED"), NotAuthorisedError),
        (answer(404, "NAME_UNKNOWN"), InputError),
        (answer(404, "DENIED"), NotAuthorisedError),
        (answer(500, "UNAUTHORIZED"), NotAuthorisedError),
        (Answer(405, {}, b"Method not allowed"), NotAuthorisedError),
        (answer(409), NotAuthorisedError),
        (answer(412, "PRECONDITION"), NotAuthorisedError),
        (answer(301, location="https://example.org/"), ContractBrokenError),
        (answer(307), ContractBrokenError),
        (answer(200), ContractBrokenError),
    ],
)
def test_each_answer_has_its_kind_of_failure(given_answer: Answer, expected: type[Exception]) -> None:
    assert type(failure(given_answer, what="reading a/b:1")) is expected


@pytest.mark.parametrize(
    ("given_answer", "expected"),
    [
        (
            answer(403, "DENIED", message="no access"),
            "writing a/b:1: refused, 403 (DENIED no access); check the rights of the account",
        ),
        (
            Answer(405, {}, b"Method not allowed\n"),
            "writing a/b:1: refused, 405 (Method not allowed); the registry is read-only or does not offer this",
        ),
        (
            answer(307, location="https://u:p@example.org/x?sig=secret"),
            "writing a/b:1: redirected to 'https://example.org/x?sig=…' (307); only reading a blob may be redirected",
        ),
        (
            Answer(
                400,
                {},
                b'{"errors":[{"code":"TAG_INVALID","detail":[{"Path":"/a/long/path/that/nobody/wants/to/read","Err":28}]}]}',
            ),
            'writing a/b:1: the registry does not accept it, 400 (TAG_INVALID [{"Path": '
            '"…g/path/that/nobody/wants/to/read", "Err": "no space left on device"}])',
        ),
        (
            Answer(407, {}),
            "writing a/b:1: refused, 407; check the user and password in HTTP_PROXY",
        ),
        (
            Answer(400, {}, b'{"errors":[{"code":"TAG_INVALID","message":"bad","detail":{"tag":"-"}}]}'),
            'writing a/b:1: the registry does not accept it, 400 (TAG_INVALID bad {"tag": "-"})',
        ),
    ],
)
def test_a_failure_says_what_was_tried_what_came_and_what_to_do(given_answer: Answer, expected: str) -> None:
    assert str(failure(given_answer, what="writing a/b:1")) == expected


@pytest.mark.parametrize(
    ("given_answer", "expected"),
    [
        (answer(404, "MANIFEST_UNKNOWN"), True),
        (answer(404, "NAME_UNKNOWN"), True),
        (answer(404, "BLOB_UNKNOWN"), True),
        (answer(404, "NOT_FOUND"), True),
        (answer(404), False),
        (answer(404, "UNKNOWN"), False),
        (Answer(404, {}, b"404 page not found"), False),
        (Answer(404, {}, b'{"errors":"MANIFEST_UNKNOWN"}'), False),
        (Answer(404, {}, b'["MANIFEST_UNKNOWN"]'), False),
        (Answer(404, {}, b"[" * 100_000), False),
        (answer(500, "MANIFEST_UNKNOWN"), False),
        (answer(401, "NAME_UNKNOWN"), False),
    ],
)
def test_absent_is_only_what_a_registry_says_is_absent(given_answer: Answer, *, expected: bool) -> None:
    assert given_answer.is_absent is expected


@pytest.mark.parametrize(
    ("given_answer", "expected"),
    [
        (answer(416), True),
        (answer(404, "BLOB_UPLOAD_UNKNOWN"), True),
        (answer(404, "BLOB_UPLOAD_INVALID"), True),
        (answer(400, "BLOB_UPLOAD_INVALID"), True),
        (answer(404), False),
        (answer(400, "DIGEST_INVALID"), False),
    ],
)
def test_a_lost_session_is_told_from_other_failures(given_answer: Answer, *, expected: bool) -> None:
    assert given_answer.has_lost_session is expected


NOON = "Fri, 05 Jun 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": " 99999 "}, 99999.0),
        ({"retry-after": "9" * 400}, 999_999_999.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1.5"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
        ({"retry-after": "Fri, 05 Jun 2026 12:00:30 GMT", "date": NOON}, 30.0),
        ({"retry-after": "Fri, 05 Jun 2026 11:59:30 GMT", "date": NOON}, None),
        ({"retry-after": "Fri, 05 Jun 2026 12:00:30", "date": NOON}, None),
        ({"retry-after": "Fri, 05 Jun 2026 12:00:30 GMT"}, None),
        ({"retry-after": "Fri, 05 Jun 2026 12:00:30 GMT", "date": "today"}, None),
    ],
)
def test_a_wait_is_taken_from_seconds_or_from_the_servers_own_dates(
    headers: dict[str, str], expected: float | None
) -> None:
    assert retry_after(headers) == expected


BASE = URL("https://example.org/v2/a/tags/list")


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("", None),
        ('</v2/a/tags/list?last=x>; rel="next"', URL("https://example.org/v2/a/tags/list?last=x")),
        ("<list?last=x>; rel=next", URL("https://example.org/v2/a/tags/list?last=x")),
        ('<https://example.org/p>; title="a"; rel="next"', URL("https://example.org/p")),
        ('</first>; rel="first", </second>; rel="next"', URL("https://example.org/second")),
        ('</v2/a/tags/list>; rel="prev"', None),
        ("nonsense", None),
    ],
)
def test_the_next_page_is_what_the_link_names_as_next(link: str, expected: URL | None) -> None:
    assert next_page(link, base=BASE) == expected


@pytest.mark.parametrize("link", ['<https://other.example/p>; rel="next"', '<http://example.org/p>; rel="next"'])
def test_a_next_page_elsewhere_is_refused(link: str) -> None:
    with pytest.raises(ValueError, match="another host"):
        next_page(link, base=BASE)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:pass@example.org/v2/", "https://example.org/v2/"),
        ("https://example.org/x?X-Amz-Signature=abc&n=5#f", "https://example.org/x?X-Amz-Signature=…&n=5"),
        ("/v2/a/blobs/uploads/1?_state=abc&digest=sha256:12", "/v2/a/blobs/uploads/1?_state=…&digest=sha256:12"),
        ("https://example.org/v2/?mount=sha256:1&from=a/b", "https://example.org/v2/?mount=sha256:1&from=a/b"),
        ("http://[::1", "http://[::1"),
        ("", ""),
    ],
)
def test_a_url_for_people_shows_no_secret(url: str, expected: str) -> None:
    assert redacted(url) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x1b[31m b\r\n c", "a [31m b c"),
        ("sent Authorization: Bearer abc.def-123 there", "sent Authorization: Bearer … there"),
        ("Basic dTpw", "Basic …"),
        ("PUT /x?_state=abc%3D&y=1 failed", "PUT /x?_state=…&y=1 failed"),
        ("x" * 201, "x" * 200 + "…"),
    ],
)
def test_foreign_text_is_one_clean_line(text: str, expected: str) -> None:
    assert cleaned(text) == expected


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="&#"), min_size=8))
def test_no_value_of_an_upload_session_survives(secret: str) -> None:
    url = str(URL("https://example.org/v2/uploads/1").with_query({"_state": secret}))

    assert redacted(url) == "https://example.org/v2/uploads/1?_state=…"


@given(st.text())
def test_foreign_text_never_breaks_a_line(text: str) -> None:
    assert cleaned(text).isprintable() or not any(ord(character) < 32 for character in cleaned(text))
