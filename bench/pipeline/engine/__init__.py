"""The engine alone beside its peers, on one job."""
