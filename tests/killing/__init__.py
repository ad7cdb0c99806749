"""How do processes of a stack die at a chosen point of their work? Settings and an app that arm such points."""
