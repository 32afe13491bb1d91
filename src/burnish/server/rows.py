"""From the body of a request to rows the model reads. A row never names a file of this machine."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from burnish.inputs import Input
from burnish.server.limits import parsed
from burnish.server.refusal import Refused
from burnish.server.settings import Settings

MANY = "rows"


@dataclass(frozen=True)
class Asked:
    """The rows of a request, and whether they came as a list and are answered as one."""

    rows: list[dict[str, Any]]
    many: bool


@dataclass(frozen=True)
class Reader:
    """Reads requests for one model.

    Attributes:
        input: what the model reads.
        settings: the limits.
    """

    input: Input
    settings: Settings

    async def read(self, request: Request, body: bytes) -> Asked:
        """Rows out of JSON, a form with files, the bytes of one file, or plain text, by its content-type.

        Raises:
            Refused: 415, 400, or 422 with what is wrong in which row.
        """
        kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            return await self._form(request, body)
        if kind in ("application/json", "") or kind.endswith("+json"):
            return self.json(parsed(body))
        column = self.input.required_columns[0]
        if self.input.endings and (kind.startswith(("image/", "audio/")) or kind == "application/octet-stream"):
            return self.checked([{column: body}], many=False)
        if not self.input.endings and kind == "text/plain" and len(self.input.required_columns) == 1:
            try:
                return self.checked([{column: body.decode("utf-8")}], many=False)
            except UnicodeDecodeError:
                raise Refused(400, "the text is not UTF-8") from None
        raise Refused(415, f"content-type {kind[:80]!r} is not read by this model; application/json is")

    def json(self, value: Any) -> Asked:
        """A row; a list of rows, bare or under `rows`. Where there is one column, its bare value is a row, too."""
        columns = self.input.required_columns
        if isinstance(value, Mapping) and MANY in value and MANY not in columns:
            value = value[MANY]
            if not isinstance(value, list):
                raise Refused(422, "`rows` is not a list")
        if isinstance(value, list):
            return self.checked(value, many=True)
        return self.checked([value], many=False)

    def checked(self, values: list[Any], *, many: bool) -> Asked:
        """Rows as the model reads them.

        Raises:
            Refused: too many rows (413), or what is wrong with which (422).
        """
        if not values:
            raise Refused(422, "there are no rows")
        if len(values) > self.settings.max_rows:
            raise Refused(413, f"{len(values):,} rows; a request has at most {self.settings.max_rows:,}", reason="rows")
        rows: list[dict[str, Any]] = []
        wrong: list[dict[str, Any]] = []
        for number, value in enumerate(values):
            try:
                rows.append(self._row(value))
            except ValueError as error:
                wrong.append({"row": number, "error": str(error)})
        if wrong:
            raise Refused(422, f"row {wrong[0]['row']}: {wrong[0]['error']}", details=wrong[:20])
        return Asked(rows, many)

    def _row(self, value: Any) -> dict[str, Any]:
        columns = self.input.required_columns
        if not isinstance(value, Mapping) or (self.input.endings and set(value) == {"base64"}):
            if len(columns) != 1:
                raise ValueError(f"expected an object with {', '.join(columns)}")
            value = {columns[0]: value}
        missing = [c for c in columns if c not in value]
        if missing:
            raise ValueError(f"{missing[0]!r} is missing; expected {', '.join(columns)}")
        return {column: self._cell(column, value[column]) for column in columns}

    def _cell(self, column: str, value: Any) -> Any:
        if self.input.endings:
            return file_bytes(column, value)
        if "element" in self.input.shapes and isinstance(value, list):
            if not all(isinstance(word, str) for word in value):
                raise ValueError(f"{column!r} holds something that is no text")
            if sum(len(word) + 1 for word in value) > self.settings.max_characters:
                raise ValueError(f"{column!r} has more than {self.settings.max_characters:,} characters")
            return value
        if not isinstance(value, str):
            raise ValueError(f"{column!r} is no text")
        if len(value) > self.settings.max_characters:
            raise ValueError(f"{column!r} has more than {self.settings.max_characters:,} characters")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{column!r} is no Unicode text") from None
        return value

    async def _form(self, request: Request, body: bytes) -> Asked:
        if not self.input.endings and len(self.input.required_columns) != 1:
            raise Refused(415, "this model reads several texts a row: send JSON")

        async def stream() -> Any:
            yield body

        try:
            parser = MultiPartParser(
                Headers(scope=request.scope),
                stream(),
                max_files=self.settings.max_rows + 1,
                max_fields=16,
                max_part_size=self.settings.max_characters * 4,
            )
            form = await parser.parse()
        except (MultiPartException, KeyError, ValueError, UnicodeDecodeError) as error:
            raise Refused(400, f"the form cannot be read: {str(error)[:200]}") from None
        try:
            values = [v for _, v in form.multi_items()]
            return self.checked([await self._part(v) for v in values], many=len(values) > 1)
        finally:
            await form.close()

    async def _part(self, value: UploadFile | str) -> Any:
        column = self.input.required_columns[0]
        if isinstance(value, str):
            if self.input.endings:
                raise Refused(422, "the form holds text where a file is expected")
            return {column: value}
        data = await value.read()
        if self.input.endings:
            return {column: data}
        try:
            return {column: data.decode("utf-8")}
        except UnicodeDecodeError:
            raise Refused(422, "a file that is not UTF-8 text") from None


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
        raise ValueError(f"{column!r} is no file in base64")
    if value.startswith("data:"):
        value = value.partition(",")[2]
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{column!r} is no base64") from None
