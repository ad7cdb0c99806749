"""The simulated bank: the page on which a shopper confirms a payment (3-D Secure), for the simulated gateway only."""
