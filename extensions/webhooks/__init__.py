"""Webhooks: signed events about orders, delivered to merchants' servers (Standard Webhooks)."""
