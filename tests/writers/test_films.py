"""Films are read back: their first picture is the field in its colours, the last is noise or what a run made."""

import shutil
import subprocess
import sys
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diffview.errors import UserError
from diffview.fields.colormaps import COLORMAPS
from diffview.fields.field import Field, Region
from diffview.forward.state import Forward
from diffview.runs.colour_scale import Scale, scale_of_field
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run
from diffview.writers.films import encoding, ffmpeg
from diffview.writers.films.encoding import durations, write_film
from diffview.writers.films.film_page import INKS, FilmPage
from diffview.writers.films.film_settings import FilmSettings
from diffview.writers.films.films import REDUCED, make_film
from diffview.writers.films.reels import Filmed, reel_of

SMALL = {"size": (480, 300), "seconds": 0.5, "fps": 20, "hold": 0.1}
MP4 = pytest.param(".mp4", marks=pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed"))
ENDINGS = [".webp", ".gif", ".avif", MP4]


def filmed(missing: bool = False, **values) -> Filmed:
    """A field of 48 x 40 pixels, every one a random walk of its neighbours, as it is filmed."""
    rng = np.random.default_rng(3)
    field = rng.standard_normal((48, 40)).cumsum(0).cumsum(1).astype(np.float32) / 8 + 280
    if missing:
        field[4:9, 6:20] = np.nan
    facts = Facts(Field(field, "sst", "K", pixel_km=(2.0, 2.0), provenance={"path": "/x/<b>sst</b>.nc"}))
    recipe = Recipe.of(**{"model": "gaussian", "region": Region(0, 0, 32, 32), "steps": 4, "seed": 5} | values)
    return Filmed(facts, resolve(recipe, facts))


def pictures_of(path: Path) -> list[np.ndarray]:
    """The pictures of a film, as Pillow reads them."""
    found = []
    with Image.open(path) as image:
        for i in range(image.n_frames):
            image.seek(i)
            found.append(np.asarray(image.convert("RGB")))
    return found


def coloured(values: np.ndarray, scale: Scale) -> np.ndarray:
    """Values in the 256 colours of a scale, written out: the nearest of 256 even levels, ends beyond the limits."""
    low, high = scale.limits
    levels = np.clip(np.floor((values.astype(np.float32) - low) / (high - low) * 255 + 0.5), 0, 255)
    return COLORMAPS[scale.colours][levels.astype(int)]


def panel(picture: np.ndarray, page: FilmPage, i: int, shape: tuple[int, int]) -> np.ndarray:
    """The pixels of a panel, one for each of the field's, which are all as large."""
    box = page.boxes[i]
    cut = picture[box.y : box.y + box.height, box.x : box.x + box.width]
    zoom = box.height // shape[0]
    assert zoom >= 1 and cut.shape[:2] == (shape[0] * zoom, shape[1] * zoom)
    small = cut[::zoom, ::zoom]
    np.testing.assert_array_equal(cut, small.repeat(zoom, 0).repeat(zoom, 1))
    return small


def same_colours(found: np.ndarray, wanted: np.ndarray) -> None:
    """Float32 rounds a value that lies between two levels either way."""
    assert (found == wanted).all(axis=-1).mean() > 0.998


def test_noise_put_in_begins_with_the_field_in_its_colours_and_ends_with_noise(tmp_path: Path) -> None:
    of, settings, path = filmed(), FilmSettings(**SMALL, quality=100), tmp_path / "f.webp"
    assert make_film(of, settings, path) == ()
    seen, page = pictures_of(path), FilmPage(reel_of(of, settings), settings)
    assert len(seen) == settings.count - 2, "the last picture stays for two more"
    scale, plan = scale_of_field(of.facts, of.plan.transform), of.plan
    assert scale.units == "K" and scale.limits == (-2.5, 2.5)
    forward = Forward(plan.x0, plan.recipe.course.schedule, 5, noise=plan.recipe.course.noise)
    same_colours(panel(seen[0], page, 0, (32, 32)), coloured(plan.x0, scale))
    for i, t in ((3, 3 / 7), (7, 1.0)):
        same_colours(panel(seen[i], page, 0, (32, 32)), coloured(forward.at(t).x_t, scale))
    eps = forward.eps(plan.recipe.course.schedule.s_max)
    assert abs(np.corrcoef(forward.at(1.0).x_t.ravel(), eps.ravel())[0, 1]) > 0.9999


def test_a_run_begins_with_noise_without_an_estimate_and_ends_with_what_it_makes(tmp_path: Path) -> None:
    of, path = filmed(), tmp_path / "f.webp"
    settings = FilmSettings(what="reverse", **SMALL, quality=100)
    make_film(of, settings, path)
    seen, page, steps = pictures_of(path), FilmPage(reel_of(of, settings), settings), list(run(of.plan))
    assert len(seen) == of.plan.steps + 1 == 5, "a step that stays is one picture"
    scale, schedule = scale_of_field(of.facts, of.plan.transform), of.plan.recipe.course.schedule
    for picture, step in zip(seen, steps, strict=True):
        x_t = np.float32(schedule.scale(step.s)) * step.y[0, 0]
        same_colours(panel(picture, page, 0, (32, 32)), coloured(x_t, scale))
        if step.x0_hat is not None:
            same_colours(panel(picture, page, 1, (32, 32)), coloured(step.x0_hat[0, 0], scale))
    assert len(np.unique(panel(seen[0], page, 1, (32, 32)).reshape(-1, 3), axis=0)) == 1, "no estimate yet"


def test_both_show_the_field_at_the_noise_of_every_step_and_members_every_member() -> None:
    of = filmed(members=3)
    settings = FilmSettings(what="both", **SMALL)
    forward = Forward(of.plan.x0, of.plan.recipe.course.schedule, 5, noise=of.plan.recipe.course.noise)
    frames = {id(frame): frame for frame in reel_of(of, settings).frames()}.values()
    for frame, step in zip(frames, run(of.plan), strict=True):
        t = float(of.plan.recipe.course.schedule.t_of(step.s))
        assert frame.t == t and frame.words.startswith(f"step {step.index} of 4 ")
        np.testing.assert_array_equal(frame.values[0], forward.at(t).x_t)
    members = reel_of(of, FilmSettings(what="members", **SMALL))
    *_, last = members.frames()
    assert [panel.title for panel in members.panels] == ["member 0", "member 1", "member 2"]
    np.testing.assert_array_equal(np.stack(last.values), step.y[:, 0])


def test_recorded_steps_are_not_computed_again() -> None:
    of = filmed()
    steps = tuple(run(of.plan))
    known, made = (
        list(reel_of(one, FilmSettings(what="reverse", **SMALL)).frames())
        for one in (Filmed(of.facts, of.plan, recorded=steps), of)
    )
    assert known[0].values[0] is not None and len(known) == len(made)
    for one, other in zip(known, made, strict=True):
        np.testing.assert_array_equal(one.values[0], other.values[0])


def test_missing_pixels_are_hatched_in_every_picture_and_have_no_colour(tmp_path: Path) -> None:
    of, settings, path = filmed(missing=True), FilmSettings(**SMALL, quality=100), tmp_path / "f.webp"
    make_film(of, settings, path)
    page, box = FilmPage(reel_of(of, settings), settings), None
    inks = {tuple(bytes.fromhex(INKS["dark"][ink][1:])) for ink in ("none", "line")}
    for picture in pictures_of(path):
        box = page.boxes[0]
        zoom = box.height // 32
        hole = picture[box.y + 4 * zoom : box.y + 9 * zoom, box.x + 6 * zoom : box.x + 20 * zoom]
        assert {tuple(colour) for colour in hole.reshape(-1, 3)} == inks
        assert tuple(picture[box.y + 9 * zoom, box.x + 6 * zoom]) not in inks


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_lasts_as_long_as_it_is_told_and_shows_the_field_first(tmp_path: Path, ending: str) -> None:
    of, settings, path = filmed(), FilmSettings(**{**SMALL, "fps": 12, "hold": 0.0}), tmp_path / f"f{ending}"
    make_film(of, settings, path)
    assert settings.count == 6
    if ending == ".mp4":
        ask = "stream=nb_read_frames,duration,width,height"
        told = subprocess.run(
            ["ffprobe", "-v", "error", "-count_frames", "-show_entries", ask, "-of", "csv=p=0", str(path)],
            capture_output=True, text=True, check=True,
        ).stdout.strip().split(",")  # fmt: skip
        assert [int(told[0]), int(told[1]), round(float(told[2]), 3), int(told[3])] == [480, 300, 0.5, 6]
        raw = subprocess.run(
            ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
            capture_output=True, check=True,
        ).stdout  # fmt: skip
        seen = list(np.frombuffer(raw, np.uint8).reshape(-1, 300, 480, 3))
    else:
        seen = pictures_of(path)
        with Image.open(path) as image:
            lasts = 0
            for i in range(image.n_frames):
                image.seek(i)
                image.load()
                lasts += image.info["duration"]
            assert lasts == 500 and image.info.get("loop", 0) == 0
    page, scale = FilmPage(reel_of(of, settings), settings), scale_of_field(of.facts, of.plan.transform)
    assert len(seen) == 6
    box, wanted = page.boxes[0], coloured(of.plan.x0, scale).astype(float)
    zoom = box.height // 32
    cut = seen[0][box.y : box.y + box.height, box.x : box.x + box.width].astype(float)
    means = cut.reshape(32, zoom, 32, zoom, 3).mean(axis=(1, 3))
    assert np.abs(means - wanted).mean() < 8, "colours that a format keeps are these"


def test_times_add_up_to_the_length_whatever_the_tick() -> None:
    for fps, seconds in ((12, 0.5), (30, 2.0), (7, 1.0), (60, 1.0)):
        settings = FilmSettings(fps=fps, seconds=seconds, hold=0.0)
        assert sum(durations(settings)) == 1000 * seconds and len(durations(settings)) == settings.count
        assert sum(durations(settings, 10)) == 1000 * seconds and {d % 10 for d in durations(settings, 10)} == {0}


@pytest.mark.parametrize("ending", ENDINGS)
def test_pictures_are_forgotten_as_they_are_written(tmp_path: Path, ending: str) -> None:
    alive: list[weakref.ref] = []
    settings = FilmSettings(size=(96, 64), seconds=2.0, fps=20, hold=0.0)

    def pictures() -> Iterator[np.ndarray]:
        for i in range(settings.count):
            assert sum(ref() is not None for ref in alive) <= 2
            made = np.random.default_rng(i).integers(0, 256, (64, 96, 3), np.uint8)
            alive.append(weakref.ref(made))
            yield made

    write_film(pictures(), settings, tmp_path / f"f{ending}")
    assert len(alive) == 40


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("error", [KeyboardInterrupt, UserError("Enough.")])
def test_what_is_given_up_leaves_nothing_and_an_older_film_as_it_was(tmp_path: Path, ending: str, error) -> None:
    path = tmp_path / f"f{ending}"
    path.write_bytes(b"old")

    def enough(share: float) -> None:
        if share > 0.5:
            raise error

    with pytest.raises(type(error) if isinstance(error, Exception) else error):
        make_film(filmed(), FilmSettings(**SMALL), path, enough)
    assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_full_disk_is_a_sentence_and_leaves_no_half_film(full: Path, ending: str) -> None:
    with pytest.raises(UserError, match=r"No space left|could not write") as told:
        make_film(filmed(), FilmSettings(**{**SMALL, "size": (800, 600)}), full / f"f{ending}")
    assert ".part" not in str(told.value) and list(full.iterdir()) == []


def test_what_cannot_be_a_film_is_refused_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for values, why in (
        ({"seconds": 0.05}, "at least two"),
        ({"seconds": 2.0, "hold": 2.0}, "cannot stay"),
        ({"size": (100_000, 100_000)}, "size"),
        ({"size": (16, 16)}, "size"),
        ({"what": "all"}, "what"),
        ({"fps": 0}, "fps"),
    ):
        with pytest.raises(UserError, match=why):
            FilmSettings(**values)
    settings = FilmSettings(**SMALL)
    for name, more, why in (
        ("f.png", {}, r"\.png is none"),
        ("f", {}, "no ending"),
        ("f.gif", {"fps": 60, "hold": 0.0}, "60 pictures a second"),
        ("f.mp4", {"size": (481, 300)}, "even"),
        ("none/f.webp", {}, "No such file"),
    ):
        with pytest.raises(UserError, match=why):
            make_film(filmed(), FilmSettings(**{**SMALL, **more}), tmp_path / name)
    with pytest.raises(UserError, match="no room"):
        make_film(filmed(members=64), FilmSettings(what="members", **SMALL), tmp_path / "f.webp")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(UserError, match=r"ffmpeg, which is not installed.*diffview\[film\]"):
        make_film(filmed(), settings, tmp_path / "f.mp4")
    monkeypatch.setattr(encoding.features, "check", lambda _: False)
    with pytest.raises(UserError, match="cannot write AVIF"):
        make_film(filmed(), settings, tmp_path / "f.avif")
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_cannot_be_made_has_no_film_but_its_field_has(tmp_path: Path) -> None:
    of = filmed(missing=True, origin="field", level=1.0)
    assert of.plan.refusal is not None
    make_film(of, FilmSettings(**SMALL), tmp_path / "forward.webp")
    with pytest.raises(UserError, match="missing pixels"):
        make_film(of, FilmSettings(what="reverse", **SMALL), tmp_path / "reverse.webp")


def test_what_is_shown_smaller_than_it_is_is_told(tmp_path: Path) -> None:
    settings = FilmSettings(**{**SMALL, "size": (240, 135), "caption": False})
    of = filmed(region=Region(0, 0, 48, 40), model="power_law")
    small = FilmSettings(**{**SMALL, "size": (160, 100), "caption": False})
    assert make_film(of, settings, tmp_path / "f.webp") == () and make_film(of, small, tmp_path / "g.webp") == (
        REDUCED,
    )


def test_a_pixel_of_several_has_the_mean_colour_of_those_that_are_there() -> None:
    """Of a checkerboard; where nothing is missing it is as if nothing were anywhere."""
    whole = np.where(np.indices((80, 80)).sum(0) % 2, 281.0, 279.0).astype(np.float32)
    holed = whole.copy()
    holed[:, 40:44] = np.nan
    settings, drawn = FilmSettings(size=(200, 120), scale=False, caption=False, seconds=0.5, hold=0.0), []
    for values in (whole, holed):
        facts = Facts(Field(values, "sst", "K"))
        recipe = Recipe.of(region=Region(0, 0, 80, 80), model="gaussian")
        reel = reel_of(Filmed(facts, resolve(recipe, facts)), settings)
        page = FilmPage(reel, settings)
        box = page.boxes[0]
        assert page.reduced and 24 <= box.height < 80
        drawn.append(page.draw(next(iter(reel.frames())))[box.y : box.y + box.height, box.x : box.x + box.width])
    away = box.width * 38 // 80
    np.testing.assert_allclose(drawn[0][:, :away].astype(int), drawn[1][:, :away].astype(int), atol=1)
    hole = drawn[1][:, box.width * 42 // 80].reshape(-1, 3)
    assert {tuple(colour) for colour in hole} <= {tuple(bytes.fromhex(INKS["dark"][i][1:])) for i in ("none", "line")}


def test_a_film_of_a_set_names_its_files(tmp_path: Path) -> None:
    of = filmed()
    said = {"path": "/x/{a.nc,b.nc,c.nc}"}
    facts = Facts(replace(of.facts.field, provenance=said))
    assert "3 files, a.nc …" in reel_of(Filmed(facts, of.plan), FilmSettings(**SMALL)).caption[0]


def test_the_ffmpeg_of_the_extra_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Extra:
        @staticmethod
        def get_ffmpeg_exe() -> str:
            return "/own/ffmpeg"

    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", Extra)
    assert ffmpeg.ffmpeg_is_there() == "/own/ffmpeg"
