"""One file per verb: wiring only."""
