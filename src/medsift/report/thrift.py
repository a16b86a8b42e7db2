"""Thrift's compact protocol, as far as the metadata of Parquet files need it.

Written after "Thrift Compact protocol encoding",
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md. A value is a
pair of its type and its bytes; a structure is made of numbered values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Value: TypeAlias = tuple[int, bytes]

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_DEEPEST = 16
_LONGEST_VARINT = 10
_SHORT_LIST = 15


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; of numbers from 0."""
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def i32(number: int) -> Value:
    """A 32-bit integer, or a member of an enumeration."""
    return _I32, _zigzag(number)


def i64(number: int) -> Value:
    """A 64-bit integer."""
    return _I64, _zigzag(number)


def text(value: str) -> Value:
    """Text, in UTF-8."""
    data = value.encode()
    return _BINARY, varint(len(data)) + data


def sequence(values: Sequence[Value]) -> Value:
    """A list of values of one type; of an empty one the type is that of structures."""
    kind = values[0][0] if values else _STRUCT
    count = len(values)
    short = count < _SHORT_LIST
    head = bytes([count << 4 | kind]) if short else bytes([0xF0 | kind]) + varint(count)
    return _LIST, head + b"".join(data for _, data in values)


def structure(fields: Mapping[int, Value]) -> Value:
    """A structure: values by the number of their field."""
    parts = []
    before = 0
    for number, (kind, data) in sorted(fields.items()):
        step = number - before
        # Numbers that lie close together take no byte of their own.
        head = bytes([step << 4 | kind]) if step <= 15 else bytes([kind]) + _zigzag(number)
        parts += [head, data]
        before = number
    return _STRUCT, b"".join(parts) + b"\0"


class Reader:
    """Reads structures from bytes.

    Attributes
    ----------
    place : int
        Where in the bytes the next value begins.
    """

    def __init__(self, data: bytes, place: int = 0) -> None:
        self._data = data
        self.place = place

    def structure(self, depth: int = 0) -> dict[int, Any]:
        """Read a structure: numbers of fields to int, bytes, list or dict.

        Raises
        ------
        ValueError
            The bytes are none.
        """
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._integer()
            fields[number] = self._value(head & 0x0F, depth)
        return fields

    def varint(self) -> int:
        """Read an integer from 0."""
        number = 0
        for i in range(_LONGEST_VARINT):
            byte = self._byte()
            number |= (byte & 0x7F) << (7 * i)
            if byte < 0x80:
                return number
        raise ValueError("an integer that does not end")

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (_TRUE, _FALSE):
            return kind == _TRUE
        if kind in (_I16, _I32, _I64):
            return self._integer()
        if kind == _BYTE:
            return self._byte()
        if kind == _DOUBLE:
            return self._bytes(8)
        if kind == _BINARY:
            return self._bytes(self.varint())
        if kind in (_LIST, _SET):
            return self._list(depth)
        if kind == _STRUCT:
            return self.structure(depth + 1)
        raise ValueError(f"a value of unknown type {kind}")

    def _list(self, depth: int) -> list[Any]:
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        head = self._byte()
        count = self.varint() if head >> 4 == _SHORT_LIST else head >> 4
        if count > len(self._data) - self.place:
            raise ValueError("a list that is longer than the file")
        return [self._value(head & 0x0F, depth + 1) for _ in range(count)]

    def _integer(self) -> int:
        number = self.varint()
        return number >> 1 ^ -(number & 1)

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _bytes(self, count: int) -> bytes:
        found = self._data[self.place : self.place + count]
        if len(found) < count:
            raise ValueError("the bytes end too early")
        self.place += count
        return found


def _zigzag(number: int) -> bytes:
    return varint(number << 1 if number >= 0 else (-number << 1) - 1)
