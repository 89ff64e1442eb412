"""Image families of any size, written as a maintainer would: versions.json, orchestrator.yaml, templates."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmarks.place import ROOT

BASE = "busybox:trixie"
VARIANTS = ("trixie", "slim-trixie")


def write(
    root: Path, *, lines: int, arch: str, dockerfile: str, registry: str, variants: Sequence[str] = VARIANTS
) -> Path:
    """Write a family of so many lines; its Dockerfiles go on with `dockerfile` after FROM. Returns the folder.

    Its repositories have the folder's name, and its base comes from `registry`, too.
    """
    versions = {f"{number}.0": {"version": f"{number}.0.1", "variants": variants} for number in range(1, lines + 1)}
    config = {
        "image": root.name,
        "registry": registry,
        "staging_namespace": f"staging/{root.name}",
        "mirrors": {"docker.io": f"http://{registry}"},
        "bases": {"debian": BASE, "slim": BASE},
        "architectures": {"debian": [arch], "slim": [arch]},
    }
    templates = root / "templates" / "dockerfile"
    templates.mkdir(parents=True)
    for group in ("debian", "slim"):
        (templates / f"{group}.j2").write_text(f"FROM {{{{ base }}}}\n{dockerfile}")
    (root / "versions.json").write_text(json.dumps(versions))
    # JSON is YAML as well.
    (root / "orchestrator.yaml").write_text(json.dumps(config))
    return root


def copy_shipped(root: Path) -> Path:
    """Copy what the shipped image is rendered from to an empty folder; returns it."""
    shutil.copytree(ROOT / "templates", root / "templates")
    for name in ("orchestrator.yaml", "versions.json"):
        shutil.copyfile(ROOT / name, root / name)
    return root
