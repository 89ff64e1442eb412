"""Base images from Debian's archive, as far as they can be decided without it."""
