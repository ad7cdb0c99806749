"""Checks of the doctor, by what they ask. Each yields its findings; none changes anything."""
