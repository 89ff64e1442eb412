"""What is asked of an engine with the classic builder: build, save, and leave nothing behind."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from docker.errors import APIError, ImageNotFound

from orchestrator.errors import ExitCode
from orchestrator.model.failures import cause
from orchestrator.model.references import Reference
from orchestrator.tools.classic import context
from orchestrator.tools.classic.calls import Call, EngineFailedError
from orchestrator.tools.classic.recipe import Recipe

_CONFLICT = 409
_REMOVALS = 20
_REMOVAL_PAUSE_SECONDS = 0.5


def pull(
    call: Call, place: Reference, *, platform: str, say: Callable[[str], object], alive: Callable[[], object]
) -> None:
    """Have an image in the engine under its digest; raises EngineFailedError where it cannot be had."""
    if _is_there(call, place):
        return
    call.tell(say, f"> pulling {place}")
    for line in call.client.api.pull(
        str(place.repository), tag=place.digest, platform=platform, stream=True, decode=True
    ):
        call.tell(alive)
        if said := str(line.get("error", "")):
            raise EngineFailedError(f"the engine cannot pull {place}: {said}", cause(said))


def build(call: Call, recipe: Recipe, *, name: str, tell: Callable[[Mapping[str, Any]], object]) -> None:
    """Build an image and give it a name; `tell` hears each message of the builder.

    Nothing is taken from the engine's cache: what one build leaves there another may remove, and it knows a RUN by its
    text alone.
    """
    with recipe.context.open("rb") as archive:
        messages = call.client.api.build(
            fileobj=archive,
            custom_context=True,
            dockerfile=context.DOCKERFILE,
            buildargs=recipe.arguments,
            platform=recipe.platform,
            tag=name,
            nocache=True,
            rm=True,
            forcerm=True,
            decode=True,
        )
        for message in messages:
            call.tell(tell, message)


def saved(call: Call, image: str, *, alive: Callable[[], object]) -> Iterator[bytes]:
    """The archive of an image as it comes."""
    for chunk in call.client.images.get(image).save():
        call.tell(alive)
        yield chunk


def removed(call: Call, name: str, images: Sequence[str]) -> None:
    """Remove an image by our name of it, and what the steps before it left; all that has another name stays."""
    waiting = [name, *reversed(images)]
    for _ in range(_REMOVALS):
        waiting = [image for image in waiting if not _is_gone(call, image, name=name)]
        if not waiting:
            return
        # The container of a step that was cut off goes a little later than the connection.
        time.sleep(_REMOVAL_PAUSE_SECONDS)
    raise EngineFailedError(f"these images stay in the engine: {', '.join(waiting)}", ExitCode.UNAVAILABLE)


def _is_there(call: Call, place: Reference) -> bool:
    try:
        call.client.images.get(str(place))
    except ImageNotFound:
        return False
    return True


def _is_gone(call: Call, image: str, *, name: str) -> bool:
    """Remove an image; False while it is in use. What FROM names has names of its own, and counts as gone."""
    try:
        found = call.client.images.get(image).attrs
        if image == name or not (found.get("RepoTags") or found.get("RepoDigests")):
            call.client.images.remove(image)
    except ImageNotFound:
        return True
    except APIError as error:
        if error.status_code != _CONFLICT:
            raise
        return False
    return True
