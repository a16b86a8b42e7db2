"""What the OpenAPI document says of bodies and answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from medsift.server.answers import NDJSON
from medsift.server.problems import MEDIA_TYPE

Json = dict[str, Any]


class RecordModel(BaseModel):
    """One picture that was found, or one input that gave none."""

    model_config = ConfigDict(title="Record")

    source: str = Field(description="name of the file as sent, or the address")
    source_type: str = Field(
        description="image, pdf, html, dicom, office, archive, warc or mail; empty if unknown"
    )
    locator: str = Field(description="where in the source, for people: page 3, image 2")
    page: int | None = Field(description="page, from 1")
    index: int | None = Field(description="order of the picture in its source, from 1")
    frame: int | None = Field(description="frame of a multi-frame image, from 0")
    member: str = Field(description="path inside a container")
    url: str = Field(description="absolute address of a picture on the web")
    bbox: list[float] | None = Field(
        description="place on the page: x0 y0 x1 y1 in PDF points from the lower left corner"
    )
    extraction: str = Field(description="file, embedded, rendered, stitched or decoded")
    sha256: str = Field(description="of the encoded bytes; of the pixels where there are none")
    phash: str = Field(description="64-bit perceptual hash, hex")
    width: int | None = Field(description="pixels, as found")
    height: int | None = Field(description="pixels, as found")
    format: str = Field(description="encoding as found: jpeg, png ...")
    color_mode: str = Field(description="as found, in Pillow's names: RGB, L ...")
    label: Literal["medical", "non_medical", "uncertain", ""] = Field(description="the verdict")
    p_medical: float | None = Field(description="calibrated probability of medical, 0 to 1")
    confidence: float | None = Field(description="max(p_medical, 1 - p_medical)")
    likelihood: str = Field(
        description="very_unlikely, unlikely, possible, likely or very_likely; stable across models"
    )
    kind: str = Field(description="most probable kind given the label: xray, mri, chart ...")
    p_kind: float | None = Field(description="probability of the kind given the label")
    dicom_modality: str = Field(description="DICOM code that goes with the kind")
    reason: str = Field(description="why uncertain, skipped or failed; may name several")
    model: str = Field(description="name and version of the model")
    status: Literal["ok", "skipped", "failed"] = Field(description="how it went")
    error: str = Field(description="code and sentence: undecodable: damaged PNG image")
    ms: float | None = Field(description="time spent on this picture, milliseconds")
    dicom_tags: str = Field(description="always empty here: the service gives no header text")
    group: str = Field(description="always empty here: the service groups no look-alikes")
    panels: int | None = Field(
        description="panels of the picture, where it was looked for them and has several"
    )
    panel: int | None = Field(description="of a record of a panel: which one, from 1")
    panel_bbox: list[int] | None = Field(
        description="its place: x0 y0 x1 y1 in pixels of the picture from the upper left corner"
    )
    figure: str = Field(description="id of the printed figure, the same for its parts")
    caption: str = Field(description="what the document says below, above or about the picture")
    caption_label: str = Field(description="label of the caption as printed: Figure 3")
    saved_as: str = Field(description="always empty here: the service saves no pictures")
    text_boxes: int | None = Field(description="always empty here: the service looks for no text")
    text_share: float | None = Field(description="always empty here, like text_boxes")
    text: str = Field(description="always empty here, like text_boxes")
    decision: Literal["accept", "look", "reject", ""] = Field(
        description="whether the picture is what `accept` asks for; look: a person should decide"
    )
    decision_reason: str = Field(description="why, in a sentence that an uploader understands")
    known: str = Field(description="always empty here: the service compares with no earlier scan")
    moved_from: str = Field(description="always empty here, like known")
    kinds: dict[str, float] | None = Field(
        description="probability of each kind from 0.001 on, largest first, whatever the label;"
        " those of the medical kinds add up to p_medical"
    )


class Counts(BaseModel):
    """How many records there are of each label, and how many that have none."""

    medical: int
    non_medical: int
    uncertain: int
    skipped: int
    failed: int


class ScanAnswer(BaseModel):
    """The records of all inputs of a request, in the order of the inputs."""

    records: list[RecordModel]
    counts: Counts


class ProblemModel(BaseModel):
    """A problem (RFC 9457). ``code`` is that of the ``error`` field of records, or one more."""

    model_config = ConfigDict(title="Problem")

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str = ""


class KindModel(BaseModel):
    """One kind that the model tells."""

    name: str
    label: Literal["medical", "non_medical"]
    dicom_modality: str


class LimitsModel(BaseModel):
    """What a request may cost."""

    body_bytes: int
    files: int
    pictures: int = Field(description="most pictures of a request to /v1/classify/batch")
    pixels: int
    input_seconds: float
    request_seconds: float
    urls: bool = Field(description="whether addresses may be scanned")
    thresholds: list[float] = Field(description="lowest and highest threshold of a request")


class BoundsModel(BaseModel):
    """From which probability on a wanted group or kind is accepted, below which rejected."""

    take: float
    leave: float


class ModelAnswer(BaseModel):
    """The model that answers, and the limits of this service."""

    name: str
    version: str
    medsift: str = Field(description="version of medsift")
    threshold: float = Field(description="confidence below which a label is uncertain")
    networks: list[str]
    kinds: list[KindModel]
    limits: LimitsModel
    accept: dict[str, BoundsModel] = Field(
        description="bounds of the model's card for what `accept` may ask for; 0.6 and 0.1 where"
        " it has none"
    )


class HealthAnswer(BaseModel):
    """How the service is."""

    status: Literal["ok", "starting"]


_RECORD: Json = {
    "source": "chest.png",
    "source_type": "image",
    "locator": "",
    "page": None,
    "index": 1,
    "frame": None,
    "member": "",
    "url": "",
    "bbox": None,
    "extraction": "file",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "phash": "c3a59d3c66c29b35",
    "width": 520,
    "height": 390,
    "format": "png",
    "color_mode": "L",
    "label": "medical",
    "p_medical": 0.991,
    "confidence": 0.991,
    "likelihood": "very_likely",
    "kind": "xray",
    "p_kind": 0.964,
    "dicom_modality": "DX",
    "reason": "",
    "model": "default 1.0.0",
    "status": "ok",
    "error": "",
    "ms": 14.2,
    "dicom_tags": "",
    "group": "",
    "panels": None,
    "panel": None,
    "panel_bbox": None,
    "figure": "",
    "caption": "",
    "caption_label": "",
    "saved_as": "",
    "text_boxes": None,
    "text_share": None,
    "text": "",
    "decision": "accept",
    "decision_reason": "This looks like an X-ray, CT, MRI, ultrasound or nuclear scan.",
    "known": "",
    "moved_from": "",
    "kinds": {"xray": 0.955, "mammography": 0.012, "photo": 0.004},
}
_COUNTS: Json = {"medical": 1, "non_medical": 0, "uncertain": 0, "skipped": 0, "failed": 0}

# Status, its meaning here, and an example of code and sentence.
_PROBLEMS: dict[int, tuple[str, str, str]] = {
    400: ("The body is malformed.", "malformed_request", "the form breaks off"),
    401: ("The bearer token is missing or wrong.", "unauthorized", "this service needs a token"),
    403: ("The operator does not allow it.", "forbidden", "this service fetches no addresses"),
    408: ("It took too long.", "timed_out", "took longer than its time limit"),
    413: ("More than a limit allows.", "limit_exceeded", "the body is longer than 1000 bytes"),
    415: ("Of a type that is not read here.", "unsupported", "medsift does not read text files"),
    422: ("The request or the picture is at fault.", "undecodable", "damaged PNG image"),
    429: ("Too much at the moment; try again.", "busy", "too many requests at the same time"),
    500: ("The service is at fault.", "internal", "the service failed unexpectedly"),
    507: ("The service has no room left.", "storage_full", "no room in the temporary folder"),
}


def problems(*statuses: int) -> dict[int | str, Json]:
    """Documentation of problem answers."""
    found: dict[int | str, Json] = {}
    for status in statuses:
        meaning, code, detail = _PROBLEMS[status]
        example = {"type": "about:blank", "title": "", "status": status, "code": code}
        found[status] = {
            "description": meaning,
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": {**example, "detail": detail, "request_id": "4f1c2ab09d3e7a55"},
                }
            },
        }
    return found


SCAN_ANSWER: dict[int | str, Json] = {
    200: {
        "model": ScanAnswer,
        "description": "Records, at least one for each input; JSON, or JSON Lines where asked for.",
        "content": {
            "application/json": {"example": {"records": [_RECORD], "counts": _COUNTS}},
            NDJSON: {
                "schema": {"type": "string", "description": "One record a line, as it is known."}
            },
        },
    }
}

CLASSIFY_ANSWER: dict[int | str, Json] = {
    200: {
        "model": RecordModel,
        "description": "The record of the picture.",
        "content": {"application/json": {"example": _RECORD}},
    }
}

_FILE: Json = {"type": "string", "format": "binary"}


def scan_body(most: int) -> Json:
    """Documentation of the body of a scan."""
    # A bound of the operator's, answered 413, and no property of the format: so no maxItems.
    at_most = f"at most {most} here"
    files: Json = {"type": "array", "items": _FILE, "minItems": 1, "description": at_most}
    address: Json = {"type": "string", "format": "uri", "pattern": "^https?://[^/]"}
    urls: Json = {"type": "array", "items": address, "minItems": 1, "description": at_most}
    return _body(
        {
            "multipart/form-data": {
                "schema": _object({"files": files}),
                "encoding": {"files": {"contentType": "application/octet-stream"}},
            },
            "application/json": {
                "schema": _object({"urls": urls}),
                "example": {"urls": ["https://example.org/page.html"]},
            },
        }
    )


def batch_body(most: int) -> Json:
    """Documentation of the body of many pictures."""
    content = scan_body(most)["requestBody"]["content"]
    return _body({"multipart/form-data": content["multipart/form-data"]})


CLASSIFY_BODY_TYPES = ("image/*", "application/dicom", "application/octet-stream")


def classify_body() -> Json:
    """Documentation of the body of a classification."""
    form: Json = {
        "schema": _object({"file": _FILE}),
        "encoding": {"file": {"contentType": "application/octet-stream"}},
    }
    raw: Json = {name: {"schema": _FILE} for name in CLASSIFY_BODY_TYPES}
    return _body({"multipart/form-data": form, **raw})


def _object(properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _body(content: Json) -> Json:
    return {"requestBody": {"required": True, "content": content}}
