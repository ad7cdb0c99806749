"""Product reviews by verified buyers, and their moderation."""
