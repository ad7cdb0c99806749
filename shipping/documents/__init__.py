"""Documents of a parcel: the label on it and the packing slip in it."""
