"""Returns of delivered items: requested by shoppers, received by operators, refunded automatically."""
