"""Process view: the steps of an order as a graph, and how far the orders of a failure group are."""
