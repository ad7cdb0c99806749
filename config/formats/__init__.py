"""Formats of the desk, for each language: `DATETIME_FORMAT` is what lists and forms of the admin show."""
