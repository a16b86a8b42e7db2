"""Office files and e-books: the pictures in them, by slide, sheet or chapter."""
