"""Deterministic simulation: the shop's own code under a scheduler that decides everything from one seed.

Shoppers, operators, relays, workers, beat, a gateway and a network that fails run as coroutines in one process. Each
gives way before every statement outside a transaction and before every transaction, publication, confirm,
acknowledgement and pause; the seed decides who is next, who dies there, or between two statements of a transaction, and
what the broker loses, doubles or reorders. Time is virtual: the database has it, each host only a clock, which may
differ and jump, and a release of the code. The idea: TigerBeetle's and FoundationDB's simulators.

`chance` counts everything that it makes happen, so that a run which fails is repeated with less of it (`shrinking`).
`protections` are what the code must not lose; without each of them a run, or a test, must fail (`mutants`).

The database is SQLite in memory, on which transactions run one after another: a step inside one has no rival. In
`postgresql`, the same actors are threads whose transactions are open at the same time.
"""
