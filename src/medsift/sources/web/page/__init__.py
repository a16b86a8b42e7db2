"""Pages: markup goes in, the pictures that it shows come out, wherever its files are kept.

Bytes -> ``charset`` -> ``parse`` (``collect`` walks the tags; ``srcset``, ``lazy``, ``css``,
``jsonld`` and ``figure_texts`` read attributes) -> ``references`` -> ``pictures``, which asks a
``loader``: ``folder`` for ``html``, the message for ``mhtml``, ``website`` for ``live`` pages.
"""
