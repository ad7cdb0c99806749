"""Hooks: what apps register with the engine, which knows none of them."""
