"""The pipeline beside its peers: the shop with and without the ledger, the engine alone, and the machine's limits."""
