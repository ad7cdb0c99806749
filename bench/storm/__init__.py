"""Kill storm: orders are placed while processes die, once for each value of `CONVEYOR_PUBLISH`, and counted."""
