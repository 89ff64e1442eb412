"""Tests of steps of a history as instructions."""

import pytest

from orchestrator.model.report.instructions import instruction

POWERSHELL = ("powershell", "-Command", "$ErrorActionPreference = 'Stop';")


@pytest.mark.parametrize(
    ("created_by", "expected"),
    [
        ("/bin/sh -c #(nop) ADD file:9b7d in / ", "ADD file:9b7d in / "),
        ('/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'),
        ("/bin/sh -c apt-get update \t&& rm -rf /tmp/*", "RUN apt-get update \t&& rm -rf /tmp/*"),
        ("cmd /S /C #(nop) COPY file:1 in C:\\ ", "COPY file:1 in C:\\ "),
        ("|1 VERSION=1.0 /bin/sh -c make $VERSION", "# ARGS: VERSION=1.0\nRUN make $VERSION"),
        ("|2 A=one two B=3 /bin/sh -c make", "# ARGS: A=one two B=3\nRUN make"),
        ("|0 /bin/sh -c make", "RUN make"),
        ("|1 A=b make", "# unable to parse image command string further:\n|1 A=b make"),
        ("RUN /bin/sh -c make # buildkit", "RUN make # buildkit"),
        ("RUN |1 A=b /bin/sh -c make # buildkit", "# ARGS: A=b\nRUN make # buildkit"),
        ("RUN make", "RUN make"),
        ("RUN CC make", "RUN CC make"),
        ("/bin/sh -c CC make", "RUN CC make"),
        ("COPY /a /b # buildkit", "COPY /a /b # buildkit"),
        ("ENV A=b", "ENV A=b"),
        ("Apply image 1607-RTM-amd64", "RUN Apply image 1607-RTM-amd64"),
        ("CMD", "RUN CMD"),
        ("", "RUN "),
    ],
)
def test_a_step_is_an_instruction(created_by: str, expected: str) -> None:
    assert instruction(created_by) == expected


@pytest.mark.parametrize(
    ("created_by", "expected"),
    [
        ("powershell -Command $ErrorActionPreference = 'Stop'; Write-Host x", "RUN Write-Host x"),
        ("powershell -Command $ErrorActionPreference = 'Stop'; #(nop)  ENV A=b", "ENV A=b"),
        ("|1 A=b powershell -Command $ErrorActionPreference = 'Stop'; dir", "# ARGS: A=b\nRUN dir"),
        ("/bin/sh -c ls", "RUN ls"),
        ("bash -c ls", "RUN bash -c ls"),
    ],
)
def test_the_shell_of_the_image_is_left_out(created_by: str, expected: str) -> None:
    assert instruction(created_by, shell=POWERSHELL) == expected
