"""Benchmarks of the operators' desk."""
