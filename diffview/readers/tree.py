"""The tree of a file, one level at a time, and the datasets of it that can be shown."""

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

import h5py

from diffview.errors import UserError
from diffview.readers.alive import progress
from diffview.readers.attributes import all_attributes, raw_attribute, short, text_attribute
from diffview.readers.base import Node, Reader
from diffview.readers.cf import dimension_scales
from diffview.readers.families import reader_of
from diffview.readers.layout import SMALLEST_SIDE, image_axes
from diffview.readers.naming import headline, is_column, is_coordinate, is_helper, is_row
from diffview.readers.opening import (
    DEEPEST,
    H5PY_ERRORS,
    find_group,
    member,
    open_file,
    reading,
    stored_elsewhere,
    walk,
)
from diffview.readers.packing import is_complex
from diffview.readers.run_files import first_shown

_FILTERS = {"deflate": "gzip"}
_FLAGS = ("flag_meanings", "flag_values", "flag_masks")
_HOUSEKEEPING = re.compile("housekeeping|telemetry|engineering|diagnostic|ancillary|heade?r|metadata", re.IGNORECASE)

LONGEST_PATH = 1000
"""Characters by which a dataset can be asked for."""

FEW = 500
"""Datasets that are searched for a mesh, where none is a picture."""


def list_group(path: str, group: str = "/", first: int = 0, count: int | None = None) -> tuple[Node, ...]:
    """The members of one group, in the order of their names, or a portion of them; nothing below them is touched.

    Raises:
        UserError: if the file or the group cannot be opened.
    """
    with open_file(path) as file, reading(file, group):
        parent = find_group(file, group)
        names = sorted(parent)[first : None if count is None else first + count]
        prefix, reader = "/" + group.strip("/"), reader_of(file)
        return tuple(_node(parent, name, posixpath.join(prefix, name), reader) for name in names)


def search_members(path: str, text: str, most: int = 300, limit: int = 20_000) -> tuple[Node, ...]:
    """Datasets whose path has the words of `text` in it, of any case; at most `most`, of the first `limit` of the file.

    Raises:
        UserError: if the file cannot be opened.
    """
    words = text.lower().split()
    with open_file(path) as file, reading(file, "The tree"):
        reader, nodes = reader_of(file), []
        for where, dataset in walk(file, limit):
            if all(word in where.lower() for word in words):
                nodes.append(dataset_node(dataset, where, reader))
                if len(nodes) == most:
                    break
        return tuple(nodes)


def follow_link(path: str, link: str) -> tuple[str, str]:
    """(file, path in it) that an external link of a file points to; a relative name starts beside the file.

    Raises:
        UserError: if there is no such link, or the file that it names is not there.
    """
    with open_file(path) as file, reading(file, link):
        group = find_group(file, posixpath.dirname(link))
        item = group.get(posixpath.basename(link), getlink=True)
    if not isinstance(item, h5py.ExternalLink):
        raise UserError(f"{link} in {path} is no link to another file.", "Choose one that the tree calls a link.")
    target = Path(path).parent / item.filename
    if not target.is_file():
        raise UserError(
            f"{link} in {path} points to {item.filename}, which is not there.", "Put that file beside this one."
        )
    return str(target), str(item.path)


def find_plottable(path: str, limit: int = 2000) -> tuple[Node, ...]:
    """The datasets worth showing, best first, among the first `limit` of the file.

    Numeric, both sides of the picture at least 8 pixels, no coordinate. Measurements come before flags, qualities,
    angles and the state of the instrument, maps before tables, those with a standard name and units before those
    without, large pictures before small ones.

    Raises:
        UserError: if the file cannot be opened.
    """
    with open_file(path) as file, reading(file, "The tree"):
        return find_in(file, limit)


def find_in(file: h5py.File, limit: int = 2000) -> tuple[Node, ...]:
    """`find_plottable` of a file that is open."""
    ranked = []
    reader = reader_of(file)
    first = getattr(reader, "FIRST", ()) or first_shown(file)  # the main variables of a product, or of a run
    for position, (where, dataset) in enumerate(walk(file, limit)):
        if not _may_be_a_picture(dataset):
            continue
        node = dataset_node(dataset, where, reader)
        sides = picture_sides(node)
        standard_name = node.attributes.get("standard_name", "")
        if not node.plottable or min(sides) < SMALLEST_SIDE or is_coordinate(node.name, standard_name, node.units):
            continue
        helper = is_helper(node.name) or any(flag in node.attributes for flag in _FLAGS)
        order = (
            2 if _HOUSEKEEPING.search(posixpath.dirname(where)) else int(helper),
            first.index(node.name) if node.name in first else len(first),
            headline(node.name),
            not _is_map(node),
            not (standard_name and node.units),
            -sides[0] * sides[1],
            not node.units,
            position,
        )
        ranked.append((order, node))
    return tuple(node for _, node in sorted(ranked, key=lambda pair: pair[0]))


def _is_map(node: Node) -> bool:
    """Whether the sides of a dataset's picture are called rows and columns, or the file names coordinates for it."""
    sides = [node.dims[axis] for axis in image_axes(node.shape, node.dims) or ()]
    return "coordinates" in node.attributes or (any(map(is_row, sides)) and any(map(is_column, sides)))


def _may_be_a_picture(dataset: h5py.Dataset) -> bool:
    """Whether two axes are long enough: quick, without reading attributes."""
    try:
        return sum(size >= SMALLEST_SIDE for size in dataset.shape or ()) > 1 and is_numeric(dataset)
    except H5PY_ERRORS:
        return False


def picture_sides(node: Node) -> tuple[int, int]:
    """(rows, columns) of the picture that a dataset would make, (0, 0) if none."""
    axes = image_axes(node.shape, node.dims)
    return (node.shape[axes[0]], node.shape[axes[1]]) if axes else (0, 0)


def _node(group: h5py.Group, name: str, path: str, reader: Reader) -> Node:
    """One member of a group."""
    progress()
    item, why = member(group, name)
    if item is None:
        return Node(path, name, "other" if "damaged" in why else "link", why=why)
    if len(path) > LONGEST_PATH:
        return Node(short(path), short(name), "other", why="Its name is too long.")
    if isinstance(item, h5py.Group):
        deep = path.count("/") > DEEPEST
        why = f"It lies in {DEEPEST} groups and is not entered." if deep else "It is a group."
        return Node(path, name, "other" if deep else "group", why=why, attributes=all_attributes(item))
    if isinstance(item, h5py.Dataset):
        return dataset_node(item, path, reader)
    return Node(path, name, "other", why="It is a named type, without values.")


def dataset_node(dataset: h5py.Dataset, path: str, reader: Reader) -> Node:
    """A dataset as plain values; a damaged part of it is left out."""
    attributes = all_attributes(dataset)
    units = attributes.get("units", "").strip()
    said = (attributes.get(name, "").strip() for name in ("long_name", "LongName", "standard_name"))
    long_name = next(filter(None, said), "")
    name = posixpath.basename(path)
    try:
        shape = tuple(int(size) for size in dataset.shape) if dataset.shape is not None else ()
        variable = reader.variable(dataset)
        dims = variable.dims if shape else ()
        units = variable.units
        long_name = long_name or ("" if variable.name == name else variable.name)
        dtype = type_name(dataset)
        why = why_not_plottable(dataset, dims, attributes)
        stored = _stored_as(dataset)
    except H5PY_ERRORS:
        return Node(path, name, "dataset", why="It is damaged and cannot be read.", attributes=attributes)
    return Node(path, name, "dataset", shape, dims, dtype, units, long_name, not why, why, attributes, *stored)


def _stored_as(dataset: h5py.Dataset) -> tuple[tuple[int, ...], tuple[str, ...], str]:
    """(chunks, filters, fill value) of a dataset; the fill value of CF counts before HDF5's own."""
    made = dataset.id.get_create_plist()
    names = [made.get_filter(i)[3].decode("utf-8", "replace") for i in range(made.get_nfilters())]
    filters = tuple(_FILTERS.get(name, name.partition(";")[0].strip()) for name in names)
    fill = raw_attribute(dataset, "_FillValue")
    if fill is None and is_numeric(dataset) and made.fill_value_defined() == h5py.h5d.FILL_VALUE_USER_DEFINED:
        fill = dataset.fillvalue
    return tuple(int(side) for side in dataset.chunks or ()), filters, "" if fill is None else str(fill)


def type_name(dataset: h5py.Dataset) -> str:
    """The stored type as text: numpy's name for numbers, a word for the rest."""
    try:
        dtype = dataset.dtype
    except H5PY_ERRORS:
        return "unsupported"
    if h5py.check_string_dtype(dtype) is not None or dtype.kind == "S" or _is_matlab_text(dataset):
        return "text"
    if h5py.check_vlen_dtype(dtype) is not None:
        return "lists of varying length"
    if h5py.check_ref_dtype(dtype) is not None:
        return "references"
    if dtype.subdtype is not None:
        return "array"
    words = {"V": "compound" if dtype.names else "opaque", "O": "unsupported"}
    return f"complex{8 * dtype.itemsize}" if is_complex(dtype) else words.get(dtype.kind, str(dtype))


def why_not_plottable(
    dataset: h5py.Dataset, dims: tuple[str, ...] = (), attributes: Mapping[str, str] | None = None
) -> str:
    """A sentence if no picture can be made of a dataset, else ""; dimensions and attributes are read if not given."""
    word = type_name(dataset)
    attributes = all_attributes(dataset) if attributes is None else attributes
    reason = ""
    if dataset.shape is None:
        reason = "It has no dataspace: nothing was ever stored in it."
    elif not is_numeric(dataset) or word == "text":
        reason = (
            f"Its values are {'of a type that is not supported' if word == 'unsupported' else f'{word}, not numbers'}."
        )
    elif 0 in dataset.shape:
        reason = f"It is empty: its shape is {text_of(dataset.shape)}."
    elif stored_elsewhere(dataset):
        reason = stored_elsewhere(dataset)
        reason = reason[0].upper() + reason[1:]
    elif len(dataset.shape) < 2:  # a picture has two sides
        kind = "one dimension" if dataset.shape else "a single value"
        reason = f"It has {kind}, a picture needs two."
    elif attributes.get("MATLAB_empty", "0") != "0":
        reason = "It is an empty array of MATLAB: the numbers in it are its shape."
    elif on_a_mesh(attributes):
        reason = "It lies on an unstructured mesh, which is no picture: interpolate it to a grid first (cdo remapnn)."
    else:
        axes = image_axes(dataset.shape, dims or tuple(dim for dim, _ in dimension_scales(dataset)))
        sides = [dataset.shape[axis] for axis in axes or ()]
        if min(sides) < 2:  # a line is no picture
            reason = f"Its picture would be only {text_of(tuple(sides))} pixels."
    return reason


def _is_matlab_text(dataset: h5py.Dataset) -> bool:
    """Whether unsigned numbers of 16 bits are the characters of a text of MATLAB v7.3."""
    return bool(dataset.dtype == "u2") and text_attribute(dataset, "MATLAB_class") == "char"


def on_a_mesh(attributes: Mapping[str, str]) -> bool:
    """Whether one axis runs over the nodes, edges or faces of a mesh [UGRID 1.0; CDI's own attribute for ICON]."""
    return {"mesh", "location"} <= attributes.keys() or attributes.get("CDI_grid_type") == "unstructured"


def no_picture(file: h5py.File) -> UserError:
    """The error where nothing of a file can be shown."""
    with reading(file, "The tree"):
        some = ((path, item) for path, item in walk(file, FEW) if item.shape)
        on_mesh = next((path for path, item in some if on_a_mesh(all_attributes(item))), "")
    if on_mesh:
        return UserError(
            f"{file.filename} holds no picture: {on_mesh} lies on an unstructured mesh, without rows and columns.",
            "Interpolate it to a grid first, for instance with `cdo remapnn`.",
        )
    return UserError(
        f"{file.filename} holds no picture: none of its numeric datasets has two sides of 8 pixels or more, "
        "coordinates apart.",
        "Choose a dataset of the tree to see why it cannot be shown.",
    )


def is_numeric(dataset: h5py.Dataset) -> bool:
    """Whether the values are numbers: real ones, bool and enum, or complex ones, which have an amplitude."""
    try:
        return dataset.dtype.kind in "biuf" or is_complex(dataset.dtype)
    except H5PY_ERRORS:
        return False


def text_of(shape: tuple[int, ...]) -> str:
    """A shape as text: "160 x 256"."""
    return " x ".join(str(size) for size in shape)


def whole_tree(path: str | Path, limit: int = 10000) -> tuple[Node, ...]:
    """Every member of a file, depth first, at most `limit`; a group that was entered before is not entered again.

    Raises:
        UserError: if the file cannot be opened.
    """
    nodes: list[Node] = []
    with open_file(path) as file, reading(file, "The tree"):
        reader = reader_of(file)
        seen: set[int] = set()
        waiting = _members(file["/"], "/", seen)
        while waiting and len(nodes) < limit:
            group, name, where = waiting.pop()
            node = _node(group, name, where, reader)
            nodes.append(node)
            if node.kind == "group":
                waiting += _members(group[name], where, seen)
    return tuple(nodes)


def _members(group: h5py.Group, prefix: str, seen: set[int]) -> list[tuple[h5py.Group, str, str]]:
    """(group, name, path) of the members, last first; nothing if the group is damaged or was entered before."""
    try:
        address = int(h5py.h5o.get_info(group.id).addr)
        names = sorted(group, reverse=True) if address not in seen else []
    except H5PY_ERRORS:
        return []
    seen.add(address)
    return [(group, name, posixpath.join(prefix, name)) for name in names]
