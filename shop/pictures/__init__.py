"""Uploaded pictures of products: checked, stripped of metadata, and stored in the sizes that pages show."""
