"""The git reader: who wrote which line, when it landed, and which change removed it."""
