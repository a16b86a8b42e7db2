"""The file: what a PDF holds, before anything is drawn.

Bytes -> ``opening`` (passwords; ``repair`` where it is mangled) -> two readers' documents ->
``facts`` of each page's images, through ``dictionaries``, ``layers``, ``glyphs`` and ``patterns``;
``attachments`` beside the pages.
"""
