"""Order e-mails: composed from templates, delivered at most once."""
