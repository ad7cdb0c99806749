"""Soak: a running shop under steady use for an hour, in which nothing may grow."""
