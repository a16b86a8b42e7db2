"""Web archives: WARC files and WACZ packages.

Bytes -> ``records`` (framing, damage) -> ``source``: responses with their codings undone;
pictures and documents as they come, of pages only what is inside them (``data:`` URIs), since
what they refer to has records of its own.
"""
