"""Debian's archive: packages for this machine, and base images made from it."""
