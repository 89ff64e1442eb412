"""Publishing decided: what tags should name, what they name, and what may move."""
