"""Archives: their members are read one by one, in memory, and never written where they say."""
