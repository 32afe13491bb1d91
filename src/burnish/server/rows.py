"""From the body of a request to rows the model reads. A row never names a file of this machine."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from burnish.inputs import Assembled, FromFiles, Input, endings_of, lacking
from burnish.server.limits import aside, parsed
from burnish.server.refusal import Refused
from burnish.server.settings import Settings

MANY = "rows"
CHARSETS = {"", "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "windows-1252", "utf-16"}
"""Of plain text; without a word it is UTF-8."""


class _Form(MultiPartParser):
    """A form of which it is known whether its end was there; without it the last part is dropped without a word."""

    whole = False

    def on_end(self) -> None:
        self.whole = True


@dataclass(frozen=True)
class RowError:
    """A row that is none, and what is wrong with it; the other rows of its list are answered."""

    problem: str


@dataclass(frozen=True)
class AskedRows:
    """The rows of a request, and whether they came as a list and are answered as one."""

    rows: list[dict[str, Any] | RowError]
    many: bool

    def shown(self) -> list[dict[str, Any]]:
        """The rows as the log may show them."""
        return [{"error": row.problem} if isinstance(row, RowError) else row for row in self.rows]


@dataclass(frozen=True)
class Reader:
    """Reads requests for one model.

    Attributes:
        input: what the model reads.
        settings: the limits.
    """

    input: Input
    settings: Settings

    async def read(self, request: Request, body: bytes) -> AskedRows:
        """Rows out of JSON, a form with files, the bytes of one file, or plain text, by its content-type.

        Raises:
            Refused: 415, 400, or 422 with what is wrong in which row.
        """
        kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            return await self._form(request, body)
        if kind in ("application/json", "") or kind.endswith("+json"):
            return self.json(await aside(parsed, body))
        column = self.input.required_columns[0]
        if endings_of(self.input) and (self._is_file(kind) or kind == "application/octet-stream"):
            return self.checked([{column: body}], many=False)
        if not endings_of(self.input) and kind == "text/plain" and len(self.input.required_columns) == 1:
            return self.checked([{column: plain_text(request.headers.get("content-type", ""), body)}], many=False)
        raise Refused(415, f"content-type {kind[:80]!r} is not read by this model; application/json is")

    def _is_file(self, kind: str) -> bool:
        """Whether a media type is that of the files this model reads."""
        return isinstance(self.input, FromFiles) and bool(self.input.media) and kind.startswith(self.input.media)

    def json(self, value: Any) -> AskedRows:
        """A row; a list of rows, bare or under `rows`. Where there is one column, its bare value is a row, too."""
        columns = self.input.required_columns
        if isinstance(value, Mapping) and MANY in value and MANY not in columns:
            value = value[MANY]
            if not isinstance(value, list):
                raise Refused(422, "`rows` is not a list")
        if isinstance(value, list):
            return self.checked(value, many=True)
        return self.checked([value], many=False)

    def checked(self, values: list[Any], *, many: bool) -> AskedRows:
        """Rows as the model reads them; what is wrong with one stands in its place.

        Raises:
            Refused: too many rows (413), or none (422).
        """
        if not values:
            raise Refused(422, "there are no examples")
        if len(values) > self.settings.max_rows:
            raise Refused(
                413, f"{len(values):,} examples; a request has at most {self.settings.max_rows:,}", reason="rows"
            )
        rows: list[dict[str, Any] | RowError] = []
        for value in values:
            try:
                rows.append(value if isinstance(value, RowError) else self._row(value))
            except ValueError as error:
                rows.append(RowError(str(error)))
        return AskedRows(rows, many)

    def _row(self, value: Any) -> dict[str, Any]:
        columns = self.input.required_columns
        if not isinstance(value, Mapping) or (endings_of(self.input) and set(value) == {"base64"}):
            if len(columns) != 1:
                raise ValueError(f"found {kind_of(value)}; expected an object with {', '.join(columns)}")
            value = {columns[0]: value}
        missing = lacking(self.input, list(value))
        if missing:
            raise ValueError(f"{missing[0]!r} is missing; expected {', '.join(columns)}")
        if isinstance(self.input, Assembled):
            return dict(value)
        return {column: self._cell(column, value[column]) for column in columns}

    def _cell(self, column: str, value: Any) -> Any:
        if endings_of(self.input):
            data = file_bytes(column, value)
            if not data:
                raise ValueError(f"{column!r} is an empty file, which cannot be read")
            return data
        if "element" in self.input.shapes and isinstance(value, list):
            for number, word in enumerate(value):
                if not isinstance(word, str):
                    raise ValueError(f"word {number + 1} of {column!r} is {kind_of(word)}; expected a text")
            self._text(column, " ".join(value))
            return value
        if not isinstance(value, str):
            raise ValueError(f"{column!r} is {kind_of(value)}; expected a text")
        return self._text(column, value)

    def _text(self, column: str, value: str) -> str:
        if len(value) > self.settings.max_characters:
            raise ValueError(f"{column!r} has more than {self.settings.max_characters:,} characters")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            place = f"half a surrogate pair (character {error.start + 1})"
            raise ValueError(f"{column!r} is no Unicode text: {place}") from None
        return value

    async def _form(self, request: Request, body: bytes) -> AskedRows:
        if not endings_of(self.input) and len(self.input.required_columns) != 1:
            raise Refused(415, "this model reads several texts an example: send JSON")

        form = await form_of(request, body, self.settings)
        try:
            values = [v for _, v in form.multi_items()]
            return self.checked([await self._part(v) for v in values], many=len(values) > 1)
        finally:
            await form.close()

    async def _part(self, value: UploadFile | str) -> Any:
        column = self.input.required_columns[0]
        if isinstance(value, str):
            if endings_of(self.input):
                return RowError("the form holds text where a file is expected")
            return {column: value}
        data = await value.read()
        if endings_of(self.input):
            return {column: data}
        try:
            return {column: data.decode("utf-8-sig")}
        except UnicodeDecodeError:
            return RowError("a file that is not UTF-8 text")


async def form_of(request: Request, body: bytes, settings: Settings) -> FormData:
    """A body of multipart/form-data; whoever asks closes it.

    Raises:
        Refused: it cannot be read, or is cut off (400).
    """

    async def stream() -> Any:
        yield body

    try:
        parser = _Form(
            Headers(scope=request.scope),
            stream(),
            max_files=settings.max_rows + 1,
            max_fields=16,
            max_part_size=settings.max_characters * 4,
        )
        form = await parser.parse()
        if not parser.whole:
            await form.close()
            raise Refused(400, "the form is cut off: the boundary that ends it is missing")
    except (MultiPartException, KeyError, ValueError, UnicodeDecodeError) as error:
        raise Refused(400, f"the form cannot be read: {str(error)[:200]}") from None
    return form


def plain_text(content_type: str, body: bytes) -> str:
    """A body of text/plain.

    Raises:
        Refused: a character set that is not read (415), or the body is not in it (400).
    """
    _, options = parse_options_header(content_type)
    charset = options.get(b"charset", b"").decode("latin-1").strip().lower()
    if charset not in CHARSETS:
        raise Refused(415, f"charset {charset[:40]!r} is not read; utf-8 is")
    name = {"": "UTF-8", "utf8": "UTF-8"}.get(charset, charset.upper())
    try:
        return body.decode("utf-8-sig" if name == "UTF-8" else charset)
    except UnicodeDecodeError:
        raise Refused(400, f"the text is not {name}") from None


def kind_of(value: Any) -> str:
    """What a JSON value is, in a word."""
    if value is None:
        return "null"
    kinds = ((bool, "true or false"), (int | float, "a number"), (str, "a text"), (list, "a list"), (bytes, "a file"))
    return next((word for kind, word in kinds if isinstance(value, kind)), "an object")


def file_bytes(column: str, value: Any) -> bytes:
    """The bytes of a file out of JSON: base64 as text, as a data URL, or as {"base64": ...}.

    Raises:
        ValueError: anything else; a path above all.
    """
    if isinstance(value, bytes):
        return value
    if isinstance(value, Mapping) and set(value) == {"base64"}:
        value = value["base64"]
    if not isinstance(value, str):
        raise ValueError(f"{column!r} is {kind_of(value)}; expected a file in base64")
    if value.startswith("data:"):
        value = value.partition(",")[2]
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{column!r} is no base64") from None
