"""Model cards: ``docs/models``, made of what detectors declare, what was measured, and pictures of known failures.

facts     what a card is made of
pictures  pictures of failures, drawn anew on demand
text      the words and tables
files     all cards, and how the committed ones differ from them
"""
