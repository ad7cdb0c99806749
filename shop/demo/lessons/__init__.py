"""Lessons of docs/start: what each leaves behind when it has worked."""
