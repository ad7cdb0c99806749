"""How a run begins: the scenario that its seed draws, and the database."""
