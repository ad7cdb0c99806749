"""Passport of an order: everything that happened to it, on one page of the admin."""
