"""What the shop shows of itself: traces, log lines in JSON, errors to Sentry. All of it is off by default."""
