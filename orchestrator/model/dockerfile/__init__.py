"""Dockerfiles as values: what they say, what they take, what changed."""
