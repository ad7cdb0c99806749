"""What does a person in the office do about a parcel that goes astray? Stock, money and post meet here."""
