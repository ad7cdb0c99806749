"""Saved filters of the desk's lists: their pages, and their links above the lists."""
