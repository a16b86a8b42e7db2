"""The REST service: records over HTTP."""
