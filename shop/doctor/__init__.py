"""Doctor: finds what a deployment has forgotten, and names the command that fixes it."""
