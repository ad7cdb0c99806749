"""The parts of the fake Stripe server: its objects, and what browsers get from it."""
