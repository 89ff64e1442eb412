"""Builds one image in many flavours for many architectures and publishes it."""

__version__ = "0.1.0"
