"""What we know and decide: pure, without disk, network, clock, environment or logging."""
