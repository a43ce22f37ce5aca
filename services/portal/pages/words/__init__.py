"""Everything that the pages say, in both languages: one file a subject."""
