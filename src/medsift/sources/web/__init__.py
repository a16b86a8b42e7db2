"""Web pages: saved ones with the pictures beside them, and ones fetched from the web."""
