"""The status of an image as one page that needs nothing but itself."""

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from orchestrator.model.platforms import ARCHES
from orchestrator.model.status import Standing
from orchestrator.model.status.public_tags import Publicity
from orchestrator.render.status import MARKS
from orchestrator.render.summary import short
from orchestrator.render.templates import Prepared, rendering

TEMPLATES = PurePosixPath("templates/status")

_PAGE, _STYLE, _SCRIPT = "page.html", "page.css", "page.js"
_SHOWN_SIZES = 10
# What ends a script in HTML, or means something else there or to older readers of JSON.
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def page(document: Mapping[str, Any], templates: Mapping[str, str]) -> str:
    """The document of `status --format json` as HTML; `templates` holds page.html, page.css and page.js.

    It may run no script and load no style but its own, and reaches no network: the policy in it names both by hash.
    """
    style, script = templates[_STYLE], templates[_SCRIPT]
    policy = "; ".join(
        (
            "default-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "img-src data:",
            f"script-src {_hash(script)}",
            f"style-src {_hash(style)}",
        )
    )
    facts = {
        "status": {**document, "builds": [_light(build) for build in document["builds"]]},
        "marks": {str(standing): mark for standing, mark in MARKS.items()},
        "states": list(map(str, Standing)),
        "publicities": list(map(str, Publicity)),
        "arches": list(ARCHES),
    }
    values = {
        "title": Prepared(html.escape(f"{document['image']}: builds and tags")),
        "policy": Prepared(policy),
        "style": Prepared(style),
        "script": Prepared(script),
        "facts": Prepared(_embedded(facts)),
    }
    return rendering({_PAGE: templates[_PAGE]}, folder=str(TEMPLATES))(_PAGE, values)


def _light(build: Mapping[str, Any]) -> dict[str, Any]:
    """A build without the sizes of long ago, so that the page of hundreds stays small."""
    recent = [{**size, "digest": short(size["digest"])} for size in build["sizes"][-_SHOWN_SIZES:]]
    return {**build, "sizes": recent}


def _hash(text: str) -> str:
    """How a content security policy names a script or style: https://www.w3.org/TR/CSP3/#grammardef-hash-source."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _embedded(facts: Mapping[str, Any]) -> str:
    """JSON that can stand in an HTML script element, whatever its texts hold."""
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_ESCAPES)
