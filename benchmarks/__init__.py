"""How fast the tool is, measured: against what its users would type instead, where there is such a thing."""
