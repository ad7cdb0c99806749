"""Disputes: what banks take back of captured payments, as the gateway reports it."""
