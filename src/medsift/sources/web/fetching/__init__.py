"""The network: an address goes in, an answer comes out, or an error that says why not.

Address -> ``cache`` (still good?) -> ``robots`` and ``pace`` (may we, and when) -> ``guard`` over
``lookup`` (only public machines) -> ``transport`` -> ``coding`` undone under a limit -> ``answer``;
``fetch`` leads through all of it, ``session`` and ``locks`` share it within and among processes.
"""
