"""What do all papers of the project share? Letters and sheet; what stands on them is for the apps that print them."""
