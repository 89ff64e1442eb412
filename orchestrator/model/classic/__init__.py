"""The classic builder's side of Dockerfiles and images."""
