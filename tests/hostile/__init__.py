"""Hostile requests: seeded generators of what no browser, gateway or carrier would send, and tests that send it.

`CONVEYOR_FUZZ=N` multiplies the number of rounds. Rounds are numbered and seeded by their number, so that a longer run
contains the shorter one, and a failure comes again.
"""
