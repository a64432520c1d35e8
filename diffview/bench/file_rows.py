"""The budgets of reading files."""

import statistics

from diffview.bench import core, files
from diffview.bench.row import Row, Rows, median, percentile, spread
from diffview.paths import resource
from diffview.readers.packaged import NAME


def opening(quick: bool) -> Rows:
    """Opening a file of gigabytes."""
    count = 2 if quick else 5
    with files.large_file(count=260) as file:
        small = str(resource(f"{NAME}.nc"))
        numbers = files.reader_times(small, file, count)
        opened = [core.in_window("opening", small=small, path=file.path, dataset=file.dataset) for _ in range(count)]
    with files.written(files.WRITE_WIDE, 20000) as path:
        wide = files.overview_times(path, 1 if quick else 3)
    seen = [one["times"][0] for one in opened]
    listed, first = numbers["tree"], numbers["first"]
    gigabytes = f"a file of {file.bytes / 1e9:.1f} GB"
    clock = "reader that has read one small slice -> values of a 2000x2000 slice touched"
    start_clock = "new reader -> values of a slice of the packaged file touched"
    start_detail = f"{spread(first)}; its tree after {statistics.median(listed):.0f} ms"
    seen_clock = "open_file, reader that has read one small slice -> picture taken and painted"
    wide_clock = "reader running -> means of 10x10 values; gzip, most chunks empty; every value is read"
    return [
        median("the reader's start", start_clock, first, None, start_detail),
        median(f"opening {gigabytes}, beyond that", clock, numbers["large"], 100.0),
        median(f"first picture of {gigabytes}", seen_clock, seen, 1000.0),
        median("overview of 20000x20000", wide_clock, wide, None),
    ]


def tree(quick: bool) -> Rows:
    """The tree of a file with very many objects."""
    with files.written(files.WRITE_MANY, 10000) as path:
        numbers = [core.in_window("tree", path=path) for _ in range(1 if quick else 3)]
    rows, pictures = ([one[name] for one in numbers] for name in ("rows", "picture"))
    detail = f"{spread(rows)}; its picture after {statistics.median(pictures):.0f} ms"
    clock = "open_file, reader running -> first rows in the tree"
    return [median("tree of 10,000 objects", clock, rows, 500.0, detail)]


def stepping(quick: bool) -> Rows:
    """Going through the slices of a variable."""
    rows, count = [], 12 if quick else 40
    for name, least in (("uncompressed", 30), ("gzip", 10)):
        with files.written(files.WRITE_STEPS, count + 2, name) as path:
            alone = files.step_times(path, count)
            numbers = core.in_window("stepping", path=path, dataset="/field", count=count)
        for where, clock, times, more in (
            ("read", "a slice asked of the reader process -> its values touched, then the next", alone, ""),
            ("in the window", "a slice asked for -> read, taken and painted, then the next; no run", numbers["times"],
             f", {numbers['busy']:.0f} ms of processor time of the window"),
        ):  # fmt: skip
            detail = f"{1000 / statistics.median(times):.0f} a second; {spread(times)}{more}"
            what = f"step to the next 720x1440 slice, {name}, {where}"
            rows.append(median(what, clock, times, 1000 / least, detail))
    return rows


def reading_gaps(quick: bool) -> Rows:
    """The window while a large file is read."""
    with files.written(files.WRITE_WIDE, 12000) as path:
        numbers = core.in_window("reading_gaps", path=path, dataset="field", seconds=2.0 if quick else 12.0)
    idle, times = percentile(numbers["idle"], 99), numbers["reading"]
    detail = f"p50 {percentile(times, 50):.2f}, p99.9 {percentile(times, 99.9):.1f}, max {max(times):.1f} ms"
    detail += f"; idle p99 {idle:.2f}"
    clock = "1 ms timer, an overview of 12000x12000 is read and taken"
    value = percentile(times, 99)
    return [Row("event-loop gap while reading, p99", clock, value, "ms", idle + 8, len(times), detail)]


def slice_memory(quick: bool) -> Rows:
    """What one slice takes."""
    small = str(resource(f"{NAME}.nc"))
    with files.large_file() as file:
        numbers = core.in_window("slice_memory", small=small, path=file.path, dataset=file.dataset)
    size = numbers["slice"]
    kept, reading, showing = (
        {process: numbers[process][phase] / size for process in ("reader", "window")} for phase in range(3)
    )
    rows = []
    for name, shares in (("kept", kept), ("at most", max(reading, showing, key=lambda shares: sum(shares.values())))):
        detail = ", ".join(f"{process} {share:.1f}x" for process, share in shares.items()) + f" of {size / 1e6:.0f} MB"
        clock = "resident bytes of reader and window beyond those before; read, opened and painted, no run"
        rows.append(Row(f"memory for one slice, {name}", clock, sum(shares.values()), "x slice", 3.0, 1, detail))
    clock = "most resident bytes of the window beyond those with the slice, `local` at 128x128"
    return [*rows, Row("memory for a run", clock, numbers["run"] / 1e6, "MB", None, 1)]
