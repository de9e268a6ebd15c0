"""Moves against the metrics, played through the real build: what they earn, and what shows them.

`moves` has the moves, `run` plays them, `limits` says how much each may earn, `page` writes it.
"""
