"""The desk's REST API, under `/api/v1/`."""
