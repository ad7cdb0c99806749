"""Dry run: the present code against a dead message, without any effect."""
