"""Bulk retry: previews a set of dead messages, then retries them at a limited rate behind a canary.

`services` holds what an operator does, `driver` the background work, `selectors` the reads.
"""
