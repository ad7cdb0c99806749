"""Transition tables: each change in the database is compared with them, and the pictures in the docs are of them."""
