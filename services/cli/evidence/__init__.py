"""Evidence of an episode as one file that anybody can check, and the record checked where it lies."""
