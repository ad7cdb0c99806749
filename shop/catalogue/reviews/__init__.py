"""Reviews of products by their buyers, and moderation."""
