"""The kind of a file by its first bytes; all but HDF5 is refused by name, with the conversion to run."""

from pathlib import Path
from typing import BinaryIO

from diffview.errors import UserError

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"

_NCCOPY = "Convert it once: nccopy -k nc4 {name} {stem}_nc4.nc"
_GDAL = "Convert it once: gdal_translate -of netCDF -co FORMAT=NC4 {name} {stem}.nc"

# (first bytes, kind of file, hint); {name} and {stem} are filled in
_KNOWN: tuple[tuple[bytes, str, str], ...] = (
    (b"CDF\x05", "a netCDF-3 file (64-bit data)", _NCCOPY),
    (b"\x0e\x03\x13\x01", "an HDF4 file", "Convert it once: h4toh5convert {name} {stem}.h5"),
    (b"GRIB", "a GRIB file", "Convert it once: cdo -f nc4 copy {name} {stem}.nc"),
    (b"BUFR", "a BUFR file", "Convert it to netCDF-4 with the tools of its provider."),
    (b"II*\x00", "a TIFF image", _GDAL),
    (b"MM\x00*", "a TIFF image", _GDAL),
    (b"II+\x00", "a BigTIFF image", _GDAL),
    (b"MM\x00+", "a BigTIFF image", _GDAL),
    (b"\x89PNG", "a PNG image", "Open the file of values that the image was made from."),
    (b"\xff\xd8\xff", "a JPEG image", "Open the file of values that the image was made from."),
    (b"\x1f\x8b", "a gzip archive", "Unpack it first: gunzip {name}"),
    (b"BZh", "a bzip2 archive", "Unpack it first: bunzip2 {name}"),
    (b"\xfd7zXZ\x00", "an xz archive", "Unpack it first: unxz {name}"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "Unpack it first: unzstd {name}"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it first: 7z x {name}"),
    (b"PK\x03\x04", "a zip archive", "Unpack it first: unzip {name}"),
    (b"\x93NUMPY", "a NumPy array file", "Load it with numpy.load and pass the array to diffview.show(array)."),
    (b"MATLAB 5.0", "a MATLAB file of version 7.2 or older", "In MATLAB, save it again with save(..., '-v7.3')."),
    (b"\xcd\xf3\x00\x01", "a NASA CDF file", "Convert it once to netCDF-4 with the cdf-to-netCDF tool of NASA's CDF."),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 image", _GDAL),
    (b"SIMPLE  =", "a FITS file", _GDAL),
    (b"PAR1", "a Parquet table", "It holds a table, no pictures."),
    (b"version https://git-lfs", "a Git LFS pointer", "The file itself was not fetched: run git lfs pull."),
    (b"%PDF", "a PDF document", ""),
)
_HINT = "diffview opens HDF5 and netCDF files, and Zarr stores."


def require_hdf5(path: str | Path) -> Path:
    """Return `path` if it is an HDF5 file that can be read, with or without a user block.

    Raises:
        UserError: if it is missing, a folder, empty, unreadable or another kind of file.
    """
    path = Path(path).expanduser()
    try:
        if path.is_dir():
            raise UserError(f"{path} is a folder, not a file.", "Choose a file in it.")
        if path.exists() and not path.is_file():
            raise UserError(f"{path} is a device or a pipe, not a file.", _HINT)
        with path.open("rb") as stream:
            head = stream.read(512)
            if _has_signature(stream, path.stat().st_size):
                return path
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.", "Check its name and folder.") from None
    except PermissionError:
        raise UserError(f"{path} may not be read by this user.", "Change its permissions or copy it.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{path} cannot be read: {reason}.", "Check its name and the disk it lies on.") from None
    kind, hint = _kind(head)
    raise UserError(f"{path} is {kind}.", hint.format(name=path.name, stem=path.stem) or _HINT)


def _has_signature(stream: BinaryIO, size: int) -> bool:
    """Whether the HDF5 signature stands at byte 0, 512, 1024, 2048 ..., where a user block may end."""
    at = 0
    while at < size:
        stream.seek(at)
        if stream.read(len(HDF5_SIGNATURE)) == HDF5_SIGNATURE:
            return True
        at = max(512, 2 * at)
    return False


def _kind(head: bytes) -> tuple[str, str]:
    """The kind of a file that begins with `head`, and a hint."""
    printable = all(byte >= ord(" ") or byte in b"\t\n\r\f" for byte in head)
    for start, kind, hint in _KNOWN:
        if head.startswith(start):
            return f"{kind}, not an HDF5 file", hint
    for applies, kind, hint in (
        (head[257:262] == b"ustar", "a tar archive, not an HDF5 file", "Unpack it first: tar -xf {name}"),
        (not head, "empty", "Download it again."),
        (head.startswith(b"\x89HDF"), "a damaged HDF5 file: its signature is broken", "Download it again as binary."),
        (not head.strip(b"\0"), "filled with zeros, not an HDF5 file", "Its transfer was not finished: repeat it."),
        (head.lstrip()[:1] == b"<", "an HTML or XML page, not an HDF5 file", "It may be a login page: download again."),
        (printable, "a text file, not an HDF5 file", _HINT),
    ):
        if applies:
            return kind, hint
    return "not an HDF5 file", _HINT
