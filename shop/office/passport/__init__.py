"""Order passport: everything recorded about one order, on one admin page."""
