"""Makes the virtual environment `.venv` from the lock file; run by make, with the machine's own Python."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST = (3, 11)


def main() -> None:
    """Make the environment anew; `.venv/ready` appears when it is complete."""
    if sys.version_info < OLDEST:
        sys.exit(f"error: Python {sys.version.split()[0]} is too old; name 3.11 or later: make PYTHON=python3.12")
    print("setting up .venv (once; about half a minute)", file=sys.stderr)
    shutil.rmtree(VENV, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False, stdout=sys.stderr)
    if made.returncode:
        sys.exit("error: Python cannot make a virtual environment; on Debian: apt-get install python3-venv")
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # The lock first, hashes checked; then this project, with the build tools that the lock has.
    subprocess.run([*pip, "--require-hashes", "--requirement", str(ROOT / "requirements" / "dev.txt")], check=True)
    subprocess.run([*pip, "--no-build-isolation", "--no-deps", "--editable", str(ROOT)], check=True)
    (VENV / "ready").touch()


if __name__ == "__main__":
    main()
