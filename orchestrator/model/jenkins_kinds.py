"""The kinds of Jenkins jobs: what each is there for, the command that it runs, what it keeps, when it runs."""

from dataclasses import dataclass

QUEUE_FILE = "out/queue.json"
JUNIT_FILE = "out/junit.xml"


@dataclass(frozen=True, slots=True)
class Kind:
    """What jobs of one name have in common, whatever their arch."""

    name: str
    about: str
    pipeline: str
    """Which Jenkinsfile it runs; `verb` runs its command and keeps its files."""
    words: str
    """What is asked of the tool, as a line for sh with the placeholders `{arch}`, `{limit}` and `{count}`."""
    credentials: str
    """Which of the configured credentials it gets."""
    keeps: str
    """The files to archive, in Jenkins' pattern language."""
    schedule: str
    time_limit: str


OF_ARCH = (
    Kind(
        name="trigger",
        about="Asks what {arch} has to build now, starts it in that order, and waits for it.",
        pipeline="trigger",
        words=f"queue --arch {{arch}} --limit {{count}} --format json > {QUEUE_FILE}",
        credentials="read",
        keeps=QUEUE_FILE,
        schedule="H * * * *",
        time_limit="20m",
    ),
    Kind(
        name="build",
        about="Builds one target on {arch}, tests it, and moves its tags in the repositories of {arch}.",
        pipeline="build",
        words='build "$TARGET" --push --timeout {limit}',
        credentials="arch",
        keeps=f"out/builds/**, out/logs/**, out/events.jsonl, out/plan.json, {JUNIT_FILE}",
        schedule="",
        time_limit="3h",
    ),
    Kind(
        name="arch-tags",
        about="Moves the tags in the repositories of {arch} to what is staged, if a build could not.",
        pipeline="verb",
        words="publish --arch {arch}",
        credentials="arch",
        keeps="out/publish.json",
        schedule="H H * * *",
        time_limit="1h",
    ),
)
"""The jobs of each arch."""

SHARED = (
    Kind(
        name="publish",
        about="Joins what is staged on all architectures under the shared tags; safe to run at any time.",
        pipeline="verb",
        words="publish",
        credentials="shared",
        keeps="out/publish.json",
        schedule="H H/3 * * *",
        time_limit="1h",
    ),
    Kind(
        name="readme",
        about="Writes README of the image and of the repositories of each architecture.",
        pipeline="verb",
        words="readme --all --verified --output out/readme",
        credentials="read",
        keeps="out/readme/**",
        schedule="H H/4 * * *",
        time_limit="1h",
    ),
    Kind(
        name="report",
        about="Reports what the published images consist of, a page for each tag.",
        pipeline="verb",
        words="report --all --output out/reports",
        credentials="read",
        keeps="out/reports/**",
        schedule="H H * * *",
        time_limit="3h",
    ),
    Kind(
        name="status",
        about="Draws the page that shows how every target stands on every architecture.",
        pipeline="verb",
        words="status --html out/status.html",
        credentials="read",
        keeps="out/status.html",
        schedule="H * * * *",
        time_limit="20m",
    ),
    Kind(
        name="update",
        about="Looks for new upstream releases and keeps what they change as a patch for `git apply`; commits nothing.",
        pipeline="verb",
        words="update --dry-run --patch out/update.patch",
        credentials="read",
        keeps="out/update.patch",
        schedule="H H/6 * * *",
        time_limit="20m",
    ),
)
"""The jobs of the image. A verb that should have a job gets it by an entry here."""
