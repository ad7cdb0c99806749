"""Kill points: settings and an app with which workers of a stack die at a chosen step of a task."""
