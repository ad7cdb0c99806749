"""Benchmarks of what observing the shop costs."""
