"""What is asked of an engine with the classic builder: build, save, and leave nothing behind."""

import hashlib
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
_IDENTITY_LETTERS = 16
_SHORT_ID_LETTERS = 12
_LISTINGS = 5
_REMOVALS = 50
_REMOVAL_PAUSE_SECONDS = 0.5


def identity(call: Call) -> str:
    """A word that tells an engine from all others, wherever it is reached, and that a folder may be called."""
    return hashlib.sha256(str(call.client.info().get("ID", "")).encode()).hexdigest()[:_IDENTITY_LETTERS]


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
    """Remove an image by our name of it, and what the steps before it left; all that has another name stays.

    So do steps go that ended when nobody listened any more.
    """
    waiting = [name, *reversed(_with_unheard(call, images))]
    for _ in range(_REMOVALS):
        waiting = [image for image in waiting if not _is_gone(call, image, name=name)]
        if not waiting:
            return
        # The container of a step that was cut off goes a little later than the connection.
        time.sleep(_REMOVAL_PAUSE_SECONDS)
    raise EngineFailedError(f"these images stay in the engine: {', '.join(waiting)}", ExitCode.UNAVAILABLE)


def _with_unheard(call: Call, images: Sequence[str]) -> list[str]:
    """Images by their shortened IDs, and behind them the nameless ones that stand on nameless ones among them.

    What stands on an image with a name, such as a base, may be of any build.
    """
    parents = {_short(each["Id"]): _short(each["ParentId"]) for each in _listed(call) if _is_nameless(each)}
    found = list(images)
    for image in found:  # grows meanwhile
        if image in parents:
            found += [each for each, parent in parents.items() if parent == image and each not in found]
    return found


def _listed(call: Call) -> Sequence[Mapping[str, Any]]:
    """All images of an engine; none where it cannot say.

    With containerd's image store a list breaks off over an image that somebody else removes at that moment.
    """
    for _ in range(_LISTINGS):
        try:
            found: list[Mapping[str, Any]] = call.client.api.images(all=True)
        except APIError:
            time.sleep(_REMOVAL_PAUSE_SECONDS)
        else:
            return found
    return ()


def _short(image_id: str) -> str:
    return image_id.removeprefix("sha256:")[:_SHORT_ID_LETTERS]


def _is_nameless(image: Mapping[str, Any]) -> bool:
    # Older engines list what has no name as `<none>:<none>` and `<none>@<none>`.
    names = [*(image.get("RepoTags") or ()), *(image.get("RepoDigests") or ())]
    return all(name.startswith("<none>") for name in names)


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
        if image == name or _is_nameless(found):
            call.client.images.remove(image)
    except ImageNotFound:
        return True
    except APIError as error:
        if error.status_code != _CONFLICT:
            raise
        return False
    return True
