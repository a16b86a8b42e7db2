"""The pictures: a place on a page becomes pixels.

A unit -> ``assemble``: ``extract`` (``stored``, where the file's own bytes show the same) or
``draw``, then ``stitch`` for strips and tiles; ``masked`` for what soft masks let through,
``vectors`` and ``regions`` for what no image holds by itself.
"""
