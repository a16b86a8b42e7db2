"""Web pages: saved ones with the pictures beside them, and ones fetched from the web.

An address -> ``fetching`` (allowed, polite, within limits) -> content and its headers ->
``page`` (what it refers to, and where that is found) -> pictures and problems; beside it
``svg`` (a drawing is cleaned, then rendered) and ``warc`` (an archive's pages and files).
"""
