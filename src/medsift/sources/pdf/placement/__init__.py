"""The page: which images, and which drawn figures, stand where.

Objects -> ``placements`` (``clips``, ``annotations``, ``visibility``) less ``decoration`` ->
``units`` of images that make one picture, less those ``covered``, with their ``overlays``;
``strokes`` -> ``figures`` that are drawn, ``scans`` -> pictures on a scanned page.
"""
