"""What does everything that happened to one order look like on one page? Its passport."""
