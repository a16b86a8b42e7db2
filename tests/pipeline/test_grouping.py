"""Which inputs a worker gets together."""

from __future__ import annotations

from pathlib import Path

from medsift.pipeline.grouping import tasks_of
from medsift.pipeline.outcomes import Examined
from medsift.sources.inputs import Input


def file(name: str) -> Input:
    return Input(name, path=Path("folder") / name)


def names(items: list[Input | Examined | None]) -> list[object]:
    """The sources of each task; what is no task as it is."""
    return [[i.source for i in t] if isinstance(t, list) else t for t in tasks_of(items)]


def test_images_go_together_and_documents_alone_in_the_order_of_the_inputs() -> None:
    inputs = ["a.png", "b.JPG", "c.pdf", "d.zip", "e.webp"]
    assert names([file(name) for name in inputs]) == [
        ["a.png", "b.JPG"],
        ["c.pdf"],
        ["d.zip"],
        ["e.webp"],
    ]


def test_no_more_than_sixteen_images_go_together() -> None:
    tasks = names([file(f"{number}.png") for number in range(33)])
    assert [len(task) for task in tasks if isinstance(task, list)] == [16, 16, 1]


def test_addresses_are_told_by_their_own_suffix() -> None:
    inputs = [Input("https://example.org/a.png"), Input("https://example.org/b")]
    assert names(list(inputs)) == [["https://example.org/a.png"], ["https://example.org/b"]]


def test_an_input_without_a_file_goes_alone() -> None:
    assert names([file("a.png"), Input("b.png"), file("c.png")]) == [
        ["a.png"],
        ["b.png"],
        ["c.png"],
    ]


def test_where_inputs_keep_one_waiting_images_that_came_go_on() -> None:
    assert names([file("a.png"), None, None, file("b.png")]) == [["a.png"], None, ["b.png"]]


def test_what_an_earlier_run_found_keeps_its_place() -> None:
    earlier = Examined(file("b.png"), [], earlier=True)
    assert names([file("a.png"), earlier, earlier, file("c.png")]) == [
        ["a.png"],
        earlier,
        earlier,
        ["c.png"],
    ]
