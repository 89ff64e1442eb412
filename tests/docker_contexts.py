"""Docker contexts on disk, as `docker context create` keeps them."""

import hashlib
import json
from pathlib import Path

HOST = "tcp://192.0.2.1:2376"


def add_context(folder: Path, name: str, *, host: str = HOST, certificates: tuple[str, ...] = ()) -> Path:
    """Add a context to a configuration folder of Docker's client; returns the file that says where it leads."""
    identity = hashlib.sha256(name.encode()).hexdigest()
    meta = folder / "contexts" / "meta" / identity / "meta.json"
    meta.parent.mkdir(parents=True)
    endpoints = {"docker": {"Host": host, "SkipTLSVerify": False}}
    meta.write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": endpoints}))
    for certificate in certificates:
        file = folder / "contexts" / "tls" / identity / "docker" / certificate
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return meta
