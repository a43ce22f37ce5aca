"""The ``tilik`` command: one file a subcommand."""
