"""How many processes and cores carry a number of orders a second: a queueing model of measured service times."""
