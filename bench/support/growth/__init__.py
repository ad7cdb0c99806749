"""The cost of one request, task, claim or checkout beside ever more rows."""
