"""Records become outputs: files, tables, pages, folders of pictures.

Workers need no more than thumbnails of this, so nothing is imported here: take each name from the
module that is about it.
"""
