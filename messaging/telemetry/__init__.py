"""Telemetry: what is measured about messages. Optional; the engine runs without it and imports none of it."""
