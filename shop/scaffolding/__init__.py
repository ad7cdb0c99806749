"""Writes the files of a new app in `extensions/`."""
