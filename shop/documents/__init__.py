"""Which papers does the shop give to its customers?"""
