"""Hooks: what apps register with the engine, which imports none of them."""
