"""The script that Streamlit runs anew for each interaction of each user."""

from __future__ import annotations

import sys

from medsift.app.page import show
from medsift.app.settings import AppSettings

show(AppSettings.from_text(sys.argv[1]) if len(sys.argv) > 1 else AppSettings())
