"""SVG: raster pictures inside a drawing, or the drawing itself.

A drawing -> its embedded pictures, if it has any; otherwise
``clean`` (copied with only what is harmless) -> ``render`` -> ``child``, a process without rights
-> pixels; ``source`` decides.
"""
