"""Recording: what a run logs and asks outside, kept for failed attempts."""
