"""A DICOM file becomes pictures, one a frame, without any of its tags.

Files hold names of patients: nothing of the header but codes from closed lists (modality,
photometric interpretation) leaves this package, not in errors either.
"""

from medsift.sources.dicom.source import read

__all__ = ["read"]
