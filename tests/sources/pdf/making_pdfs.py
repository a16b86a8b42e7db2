"""Small PDFs, written by hand, object by object."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsift.core.limits import DEFAULT_LIMITS, Limits
from medsift.core.picture import Finding, Picture, Problem, Provenance
from medsift.sources.base import Blob, Budget, Context, PdfPixels, SourceOptions
from medsift.sources.pdf import read


@dataclass
class Pdf:
    """Objects are added one by one; each is told its number."""

    objects: list[bytes] = field(default_factory=lambda: [b"", b""])
    pages: list[int] = field(default_factory=list)
    catalog: str = ""

    def add(self, entries: str, stream: bytes | None = None) -> int:
        body = f"<< {entries} >>".encode("latin-1")
        if stream is not None:
            body = f"<< {entries} /Length {len(stream)} >>\nstream\n".encode("latin-1")
            body += stream + b"\nendstream"
        self.objects.append(body)
        return len(self.objects)

    def image(
        self,
        width: int,
        height: int,
        samples: bytes,
        entries: str = "/ColorSpace /DeviceRGB /BitsPerComponent 8",
    ) -> int:
        """An image of Flate-coded samples."""
        return self.add(
            f"/Type /XObject /Subtype /Image /Width {width} /Height {height} {entries} "
            "/Filter /FlateDecode",
            zlib.compress(samples),
        )

    def picture(self, pixels: NDArray[np.uint8], extra: str = "") -> int:
        """An image of RGB (h, w, 3) or grey (h, w) pixels."""
        space = "DeviceRGB" if pixels.ndim == 3 else "DeviceGray"
        entries = f"/ColorSpace /{space} /BitsPerComponent 8 {extra}"
        return self.image(pixels.shape[1], pixels.shape[0], pixels.tobytes(), entries)

    def jpeg(self, data: bytes, size: tuple[int, int], entries: str) -> int:
        return self.add(
            f"/Type /XObject /Subtype /Image /Width {size[0]} /Height {size[1]} {entries} "
            "/BitsPerComponent 8 /Filter /DCTDecode",
            data,
        )

    def form(
        self,
        content: str,
        xobjects: Mapping[str, int],
        extra: str = "",
        box: str = "0 0 1000 1000",
    ) -> int:
        return self.add(
            f"/Type /XObject /Subtype /Form /BBox [{box}] {extra} "
            f"/Resources << /XObject << {_names(xobjects)} >> >>",
            content.encode(),
        )

    def page(
        self,
        content: str | bytes,
        xobjects: Mapping[str, int] | None = None,
        resources: str = "",
        extra: str = "",
    ) -> int:
        content = content.encode("latin-1") if isinstance(content, str) else content
        stream = self.add("", content)
        box = "" if "/MediaBox" in extra else "/MediaBox [0 0 600 800]"
        number = self.add(
            f"/Type /Page /Parent 2 0 R {box} {extra} /Contents {stream} 0 R /Resources << "
            f"/XObject << {_names(xobjects or {})} >> {resources} >>"
        )
        self.pages.append(number)
        return number

    def to_bytes(self) -> bytes:
        kids = " ".join(f"{number} 0 R" for number in self.pages)
        self.objects[0] = f"<< /Type /Catalog /Pages 2 0 R {self.catalog} >>".encode()
        self.objects[1] = f"<< /Type /Pages /Kids [{kids}] /Count {len(self.pages)} >>".encode()
        out = io.BytesIO(b"")
        out.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        offsets = []
        for number, body in enumerate(self.objects, start=1):
            offsets.append(out.tell())
            out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        start = out.tell()
        out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1))
        for offset in offsets:
            out.write(b"%010d 00000 n \n" % offset)
        out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(offsets) + 1))
        out.write(b"startxref\n%d\n%%%%EOF\n" % start)
        return out.getvalue()


def draw(name: str, x: float, y: float, width: float, height: float) -> str:
    """Content that draws an XObject upright."""
    return f"q {width} 0 0 {height} {x} {y} cm /{name} Do Q\n"


def scene(height: int = 60, width: int = 80, seed: int = 0) -> NDArray[np.uint8]:
    """A smooth colour picture without symmetry: no two corners are alike."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(20, 235, (5, 6, 3), dtype=np.uint8)
    coarse[0, 0], coarse[0, -1], coarse[-1, 0], coarse[-1, -1] = (
        (250, 10, 10),
        (10, 250, 10),
        (10, 10, 250),
        (240, 240, 10),
    )
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.uint8)


def to_jpeg(pixels: NDArray[np.uint8], mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, "JPEG", quality=95, **options)
    return buffer.getvalue()


def findings(
    pdf: Pdf | bytes,
    password: str = "",
    target: int = 0,
    limits: Limits = DEFAULT_LIMITS,
    inner: list[Blob] | None = None,
    pixels: PdfPixels = "seen",
) -> list[Finding]:
    """Read a PDF; blobs that are handed on are put into ``inner``."""
    data = pdf if isinstance(pdf, bytes) else pdf.to_bytes()

    def recurse(blob: Blob, context: Context) -> Iterator[Finding]:
        assert context.depth == 1
        if inner is not None:
            inner.append(blob)
        if blob.data != b"a picture":
            return iter(())
        # A source may drop what it was told of the place.
        where = Provenance("", "image", "frame 1", index=1, extraction="file")
        return iter([Picture(where, scene(), 80, 60, "png", "RGB", "0" * 64)])

    context = Context(
        limits=limits,
        options=SourceOptions(pdf_password=password, pdf_pixels=pixels),
        target=target,
        recurse=recurse,
        budget=Budget(limits),
    )
    return list(read(Blob(Provenance("test.pdf"), data=data), context))


def pictures(pdf: Pdf | bytes, **options: object) -> list[Picture]:
    """Read a PDF in which everything is well."""
    found = findings(pdf, **options)  # type: ignore[arg-type]
    assert [f for f in found if isinstance(f, Problem) and f.status == "failed"] == []
    return [f for f in found if isinstance(f, Picture)]


def problems(found: Sequence[Finding]) -> list[Problem]:
    return [f for f in found if isinstance(f, Problem)]


def far(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean absolute difference of two pictures of equal size."""
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def lowered(**values: int) -> Limits:
    return replace(DEFAULT_LIMITS, **values)


def _names(xobjects: Mapping[str, int]) -> str:
    return " ".join(f"/{name} {number} 0 R" for name, number in xobjects.items())
