"""Labelled pictures in the layouts of other programs, in and out.

Each module has ``read(path, more)`` and ``write(examples, folder)``. What a layout has no place of
its own for goes into fields that its readers pass over, so that nothing is lost on the way back.
"""
