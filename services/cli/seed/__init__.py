"""A simulated city in ClickHouse: plausible, made in the engine, and labelled as what it is."""
