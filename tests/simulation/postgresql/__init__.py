"""The simulation on PostgreSQL: transactions of several actors are open at the same time.

Each actor is a thread with a connection of its own (`threads`), and one of them runs at a time. It parks before each
statement, also inside a transaction, and before each commit, so that a seed decides how transactions interleave. A
statement that waits for a lock is recognised by the server's own record of who blocks whom (`sessions`); its actor is
left out until the lock is free. Deadlocks are detected by PostgreSQL and reach the code as they do in production. An
actor that is killed loses its session without a commit, and while the database is away it has no session at all.
"""
