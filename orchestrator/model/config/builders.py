"""What orchestrator.yaml says about builders: where builds run, how those machines are reached, what they may do."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orchestrator.model.fields import BuilderName, CertificatesFolder, Endpoint, HostName

# What each driver must be told, and what it may be told besides.
_DRIVER_NEEDS = {"local": (), "context": ("name",), "remote": ("endpoint",), "classic": ()}
_DRIVER_TAKES = {
    "local": (),
    "context": ("name",),
    "remote": ("endpoint", "certificates", "server_name", "test_on"),
    "classic": ("host", "certificates"),
}
# ssh has keys of its own, and what leads to a socket of this machine needs none.
_TLS_SCHEME = "tcp://"


class Builder(BaseModel):
    """Where builds run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    driver: Literal["local", "context", "remote", "classic"] = "local"
    """This machine's engine, a Docker context, a BuildKit daemon, or the classic builder of an engine, for Windows."""
    name: BuilderName = ""
    """The Docker context, for the driver `context`."""
    endpoint: Endpoint = ""
    """The address of a BuildKit daemon, for the driver `remote`."""
    host: Endpoint = ""
    """The address of a Docker engine, for the driver `classic`; this machine's own when left out.

    For `ssh://[user@]host[:port]` the host is looked up in the ssh configuration of who runs this; it asks no password.
    """
    certificates: CertificatesFolder = ""
    """The folder of the certificates for an address of `tcp://`, for the drivers `remote` and `classic`.

    It has `ca.pem`, the authority whose word is taken for who the other side is, and where that asks who we are, our
    own `cert.pem` and `key.pem`. These belong to a machine and not to an image, so it is looked for where the
    environment variable ORCHESTRATOR_CERTIFICATES says, else beside Docker's configuration, in `~/.docker` or what
    DOCKER_CONFIG says. An absolute path stands for itself.
    """
    server_name: HostName = ""
    """What the daemon's certificate calls it, for the driver `remote`; the host of `endpoint` when left out."""
    test_on: BuilderName = ""
    """The Docker context whose engine runs the smoke tests, for the driver `remote`; this machine's when left out."""
    emulate: Annotated[bool, Field(strict=True)] = False
    """Build for machines other than the builder's own through emulation."""
    jobs: Annotated[int, Field(ge=1, strict=True)] | None = None
    """How many builds it runs at once; what `--jobs` says, or one for each processor of this machine, when left out."""

    @model_validator(mode="after")
    def _fits_its_driver(self) -> "Builder":
        given = {key for keys in _DRIVER_TAKES.values() for key in keys if getattr(self, key)}
        if missing := set(_DRIVER_NEEDS[self.driver]) - given:
            raise ValueError(f"the driver `{self.driver}` needs `{min(missing)}`")
        if extra := given - set(_DRIVER_TAKES[self.driver]):
            raise ValueError(f"the driver `{self.driver}` does not take `{min(extra)}`")
        if self.certificates and not (self.endpoint or self.host).startswith(_TLS_SCHEME):
            raise ValueError(f"`certificates` are for an address that begins with {_TLS_SCHEME}")
        if self.server_name and not self.certificates:
            raise ValueError("`server_name` is for TLS; name `certificates` as well")
        return self
