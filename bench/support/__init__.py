"""What benchmarks share: scratch stacks, rows, load, reports."""
