"""Build a file share of which the truth is known: few medical pictures among much else.

    python benchmarks/sweep/share.py PICTURES DOCUMENTS -o SHARE [--files 5000] [--medical 150]
        [--known LABELS.csv]

PICTURES is a labelled folder (``medical/<kind>/<source>/<file>`` and ``non_medical/...``),
DOCUMENTS a folder of documents, of which a part is taken. They must not stop the sweep; what is in
them is known of those that ``--known`` lists in a CSV file (``file``, below DOCUMENTS, and
``label``): where a row of one is ``medical``, the document belongs to the truth.
Medical pictures lie as files, some under names that say something else, and inside archives, PDFs,
mails and Word files. ``SHARE.csv`` beside the share has a row a file that holds one: ``path``,
``inside``, ``kind``.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import zipfile
from email.message import EmailMessage
from pathlib import Path

import numpy as np
from PIL import Image

_FORMATS = "http://schemas.openxmlformats.org"
_PACKAGE = "application/vnd.openxmlformats-package.relationships+xml"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_TYPES = (
    f'<?xml version="1.0"?><Types xmlns="{_FORMATS}/package/2006/content-types">'
    '<Default Extension="png" ContentType="image/png"/>'
    f'<Default Extension="rels" ContentType="{_PACKAGE}"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_WORD}"/></Types>'
)
_OFFICE = f"{_FORMATS}/officeDocument/2006/relationships"
_RELATIONS = (
    f'<?xml version="1.0"?><Relationships xmlns="{_FORMATS}/package/2006/relationships">'
    "{}</Relationships>"
)
FOLDERS = (
    "finance",
    "it/backup",
    "marketing/2023",
    "users/anna",
    "users/müller",
    "legal/old stuff",
)
WAYS = ("file", "file", "file", "disguised", "zip", "pdf", "mail", "word")


def encoded(image: Image.Image, form: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **({"quality": 90} if form == "JPEG" else {}))
    return stream.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def word(data: bytes) -> bytes:
    target = f'<Relationship Id="r1" Type="{_OFFICE}/{{}}" Target="{{}}"/>'
    body = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"/>'
    return zipped(
        {
            "[Content_Types].xml": _TYPES.encode(),
            "_rels/.rels": _RELATIONS.format(
                target.format("officeDocument", "word/document.xml")
            ).encode(),
            "word/document.xml": body.encode(),
            "word/_rels/document.xml.rels": _RELATIONS.format(
                target.format("image", "media/image1.png")
            ).encode(),
            "word/media/image1.png": data,
        }
    )


def mail(name: str, data: bytes) -> bytes:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "as discussed", "a@example.org", "b@x.org"
    message.set_content("see attached")
    message.add_attachment(data, maintype="image", subtype="png", filename=name)
    return bytes(message)


def packed(image: Image.Image, way: str, number: int) -> tuple[str, bytes, str]:
    """Name, bytes, and the path inside of a picture that is put away in some way."""
    if way == "file":
        form, suffix = (("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"))[number % 3]
        return f"img_{number:05}.{suffix}", encoded(image, form), ""
    if way == "disguised":
        return f"notes {number}.txt", encoded(image, "JPEG"), ""
    if way == "zip":
        name = f"export/{number}.png"
        return f"backup-{number}.zip", zipped({name: encoded(image, "PNG"), "a.txt": b"a"}), name
    if way == "pdf":
        return f"letter {number}.pdf", encoded(image, "PDF"), "page 1"
    if way == "mail":
        name = f"attached{number}.png"
        return f"message-{number}.eml", mail(name, encoded(image, "PNG")), name
    return f"report {number}.docx", word(encoded(image, "PNG")), "word/media/image1.png"


def known_documents(folder: Path, labels: Path | None) -> list[Path]:
    """Documents that are listed with a medical picture."""
    if labels is None:
        return []
    with labels.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["label"] == "medical"]
    return [folder / name for name in dict.fromkeys(row["file"] for row in rows)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("pictures", type=Path)
    parser.add_argument("documents", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--medical", type=int, default=150)
    parser.add_argument("--known", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chance = np.random.default_rng(arguments.seed)
    share: Path = arguments.output
    found = {
        label: sorted((arguments.pictures / label).rglob("*.webp"))
        for label in ("medical", "non_medical")
    }
    # Of a source a few pictures at most: sources are of very unequal size.
    medical: list[Path] = []
    counts: dict[Path, int] = {}
    for index in chance.permutation(len(found["medical"])):
        path = found["medical"][index]
        counts[path.parent] = counts.get(path.parent, 0) + 1
        if counts[path.parent] <= 3 and len(medical) < arguments.medical:
            medical.append(path)
    documents = [p for p in sorted(arguments.documents.rglob("*")) if p.is_file()]
    documents = [p for p in documents if p.stat().st_size < 2_000_000]
    some = chance.permutation(len(documents))[: arguments.files // 20]
    known = known_documents(arguments.documents, arguments.known)
    documents = [*known, *(documents[i] for i in some if documents[i] not in known)]
    others = arguments.files - len(medical) - len(documents)
    pictures = chance.permutation(len(found["non_medical"]))[: others * 3 // 4]
    jobs: list[tuple[Path | None, bool]] = [(p, True) for p in medical]
    jobs += [(found["non_medical"][i], False) for i in pictures]
    jobs += [(None, False)] * (others - len(pictures))
    truth = []
    for number, (path, is_medical) in enumerate(jobs):
        folder = share / FOLDERS[int(chance.integers(len(FOLDERS)))]
        folder.mkdir(parents=True, exist_ok=True)
        if path is None:
            (folder / f"memo {number}.csv").write_bytes(b"a,b\r\n1,2\r\n" * (1 + number % 50))
            continue
        way = WAYS[int(chance.integers(len(WAYS)))]
        name, data, inside = packed(Image.open(path).convert("RGB"), way, number)
        target = os.fsencode(folder / name)
        if number % 97 == 0:
            target = target.replace(b"img_", b"b\xfcro_")  # no UTF-8
        with open(target, "wb") as stream:  # noqa: PTH123
            stream.write(data)
        if is_medical:
            truth.append((os.fsdecode(target), inside, path.parts[-3]))
    for number, path in enumerate(documents):
        folder = share / "documents" / str(number % 10)
        folder.mkdir(parents=True, exist_ok=True)
        target_path = folder / f"{number}-{path.name}"
        target_path.write_bytes(path.read_bytes())
        if path in known:
            truth.append((str(target_path), "", "document"))
    with Path(f"{share}.csv").open(
        "w", encoding="utf-8", errors="surrogateescape", newline=""
    ) as stream:
        csv.writer(stream).writerows([("path", "inside", "kind"), *truth])
    print(f"{len(jobs) + len(documents)} files, {len(truth)} with a medical picture")


if __name__ == "__main__":
    main()
