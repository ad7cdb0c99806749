"""Base of all PDF documents: fonts, page layout and merging. The apps define the contents."""
