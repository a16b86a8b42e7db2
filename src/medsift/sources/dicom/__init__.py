"""A DICOM file becomes pictures, one a frame, without any of its tags but those asked for.

Files hold names of patients: nothing of the header but codes from closed lists (modality,
photometric interpretation) leaves this package, not in errors either, unless the user names the
elements to be shown, see :mod:`medsift.sources.dicom.tags`.
"""

from medsift.sources.dicom.source import read

__all__ = ["read"]
