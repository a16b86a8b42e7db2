"""The words: which printed figure a picture belongs to, and its caption.

Text layer -> ``text_lines`` -> ``captions`` (labels and what belongs to them) ->
``figure_groups`` (pictures that are one figure, and its caption) -> ``page_figures``, which tells
each picture its own.
"""
