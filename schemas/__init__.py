"""The typed contracts of everything that passes between Tilik's services.

Start at ``topics.py``: the table of topics. Each topic's value type lives in the module named after the topic.
This package imports the standard library and msgspec, nothing else.
"""
