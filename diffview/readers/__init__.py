"""Reading HDF5 and netCDF files, Zarr stores, and sets of many files.

`tree`, `slices` and `describe` hold the functions that read; `process` runs them in a process of their own;
`packaged` gives the field that ships with the program and needs none of them. This module stays light: it is
imported before the first paint, h5py and xarray are not.
"""

import os

# must be set before h5py is first imported: read-only archives and network disks refuse locks
os.environ["HDF5_USE_FILE_LOCKING"] = "FALSE"

# One row for each family of files: a module of this folder with `claims(file)` and `variable(dataset)`, see
# `base.Reader`. The first that claims a file reads it; the last claims every file.
READERS: tuple[str, ...] = (
    "joined", "abi", "ami", "fci", "viirs", "ghrsst", "sentinel3", "sentinel5p", "gpm", "odim", "knmi", "smap",
    "hdfeos5", "matlab", "rotated_pole", "cfradial", "records",
    "cf",
)  # fmt: skip

# Functions of the reader process, and the module of each. A room above names its own as "module:function".
FUNCTIONS: dict[str, str] = {
    "list_group": "tree",
    "find_plottable": "tree",
    "read_slice": "slices",
    "read_stack": "stacks",
    "search_members": "tree",
    "follow_link": "tree",
    "read_map": "places",
    "preview": "preview",
    "read_labels": "labels",
    "read_series": "labels",
    "describe": "describe",
    "read_recorded": "run_files",
    "recorded_or_why": "run_files",
    "read_beside": "beside",
}
