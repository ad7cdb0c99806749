"""Privacy: masking on pages and in logs, redaction of the desk's own records."""
