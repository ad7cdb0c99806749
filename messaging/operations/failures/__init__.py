"""Reads of failures: search, facets, detail, groups, exports, labels."""
