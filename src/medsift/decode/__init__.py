"""Bytes become pixels, safely.

``reader`` opens image files, ``sniff`` tells types by content, ``colour`` and ``grey`` bring all
modes to RGB, ``guard`` holds the limits, ``phash`` and ``blank`` look at the result. Nothing is
imported here, so that telling a type does not load Pillow.
"""
