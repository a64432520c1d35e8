"""The Teach layout by mouse and keys: bells pulled, a value picked, shapes chosen and drawn, points that spread, return
and are learnt, all on the timeline, the schedule and the sampler of the fields."""

import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage

from diffview.gui.widgets.plots.cloud_view import POINT_PX, CloudView
from diffview.gui.widgets.plots.density_time_view import BellGrip
from diffview.models.shapes import BELLS, LAWS, SHAPES, shape_law
from diffview.reverse.samplers import SAMPLERS
from diffview.story import taught

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")


@pytest.fixture
def teaching(open_window, hand, find, settle):
    """teaching(**values): a window in the layout Teach."""

    def make(size=(1920, 1080), **values):
        window = open_window(QUICK.but(**values), size=size)
        hand.key(find(window, "timeSlider"), Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
        settle(window)
        return window

    return make


def at(window, t):
    window.session.look(playhead=t, follow=False)


def test_ctrl_4_shows_both_docks_and_their_points(teaching, find):
    window = teaching()
    for dock in ("densityDock", "cloudDock"):
        assert window.docks[dock].isVisible() and not window.docks[dock].visibleRegion().isEmpty()
    assert len(find(window, "cloudView").swarm.points) == 2000
    assert find(window, "densityTimeView").path_count == 20


def test_in_a_narrow_window_they_are_tabs_and_it_fits(teaching, rest):
    window = teaching(size=(1280, 720))
    window.resize(1000, 620)
    rest(window)
    least = window.minimumSizeHint()
    assert least.width() <= 1000 and least.height() <= 620


def test_a_round_handle_moves_the_mean_and_the_weight_and_a_square_one_the_width(teaching, find, hand, settle):
    window = teaching()
    view = find(window, "densityTimeView")
    handles = view.bells.handles()
    start = handles[BellGrip(1, False)]
    up = view.to_pixel(0, 1.4).y()
    hand.drag(view, start, QPointF(start.x(), (start.y() + up) / 2), QPointF(start.x(), up))
    assert window.session.view.bells[1][1] == pytest.approx(1.4, abs=0.03)
    start = view.bells.handles()[BellGrip(1, True)]
    wide = view.to_pixel(0, 1.4 + 0.6).y()
    hand.drag(view, start, QPointF(start.x(), wide))
    assert window.session.view.bells[1][2] == pytest.approx(0.6, abs=0.04)
    start = view.bells.handles()[BellGrip(0, False)]
    before = window.session.view.bells[0][0]
    hand.drag(view, start, start + QPointF(15, 0), start + QPointF(30, 0))
    after = window.session.view.bells
    assert after[0][0] < 0.75 * before and sum(w for w, _, _ in after) == pytest.approx(1)
    settle(window)
    assert find(window, "densityTimeView").path_count == 20


def test_the_picture_is_the_density_and_the_paths_are_the_samplers(teaching, find, wait):
    window = teaching(sampler="ddpm", steps=15)
    view, schedule = find(window, "densityTimeView"), window.session.recipe.course.schedule
    assert [name for name, _ in view.names] == ["ODE: Heun", "SDE: DDPM"]
    t = np.array([0.0, 0.4])
    shares = taught.density_picture(taught.law_of(BELLS), schedule, t)
    x = np.linspace(taught.TOP, -taught.TOP, taught.ROWS)
    alpha, sigma = schedule(t)
    for j in range(2):
        exact = taught.law_of(BELLS).seen(x, alpha[j], sigma[j])
        np.testing.assert_allclose(shares[:, j], exact / exact.max(), rtol=1e-6)
    window.session.edit(sampler="heun", sampler_params=())
    wait(lambda: [name for name, _ in view.names] == ["ODE: Heun", "SDE: DDPM"] and window.is_idle())
    window.session.edit(sampler="ancestral", sampler_params=())
    wait(lambda: [name for name, _ in view.names] == ["ODE: Heun", "SDE: Ancestral"])


def test_a_click_chooses_t_and_the_value_and_the_step_back_is_told(teaching, find, hand, settle):
    window = teaching()
    view, plot = find(window, "densityTimeView"), find(window, "stepLawView")
    hand.click(view.viewport(), view.to_pixel(0.25, -0.1))
    settle(window)
    assert window.session.view.playhead == pytest.approx(0.25, abs=0.01)
    assert view.value == pytest.approx(-0.1, abs=0.03)
    far = find(window, "stepLengthSlider")
    far.setValue(95)
    assert "one bell" in find(window, "stepLawWords").text() and "2 humps" in find(window, "stepLawWords").text()
    small, large = plot.lines
    assert np.ptp(small.x) < 0.5 * np.ptp(large.x)
    far.setValue(2)
    assert "humps" not in find(window, "stepLawWords").text()


def test_the_list_of_laws(teaching, find, hand, settle, wait):
    window = teaching()
    laws = find(window, "densityLawCombo")
    hand.choose(laws, "narrow")
    settle(window)
    assert window.session.view.bells == LAWS["narrow"][1] and laws.currentData() == "narrow"
    window.session.look(bells=((1.0, 0.5, 0.5),))
    settle(window)
    wait(lambda: laws.currentIndex() == -1)
    window.session.look(bells=BELLS)
    wait(lambda: laws.currentData() == "two")


def test_points_spread_as_the_fields_do(teaching, find, settle):
    window = teaching()
    view = find(window, "cloudView")
    at(window, 0.0)
    x_0 = view.swarm.points.copy()
    at(window, 0.5)
    alpha, sigma = (float(c) for c in window.session.recipe.course.schedule(0.5))
    eps = (view.swarm.points - alpha * x_0) / sigma
    n = len(eps)
    assert abs(eps.mean()) < 5 / np.sqrt(2 * n) and abs(eps.var() - 1) < 5 * np.sqrt(1 / n)
    at(window, 0.9)
    again = (view.swarm.points - float(window.session.recipe.course.schedule(0.9)[0]) * x_0) / float(
        window.session.recipe.course.schedule(0.9)[1]
    )
    np.testing.assert_allclose(again, eps, atol=2e-3)  # one eps for every t, as the closed form has


@pytest.mark.parametrize("stage", [0.0, 2.5])
def test_a_point_is_a_dot_around_its_place_and_on_a_stage_as_much_larger_as_the_text(qtbot, stage):
    view = CloudView(3.0)
    qtbot.addWidget(view)
    view.set_stage_scale(stage)
    view.resize(300, 300)
    view.show()
    empty = pixels(view)
    places = np.array([[-1.5, 1.0], [2.0, -0.4], [99.0, 0.0]])
    view.show_points(places, None, None, "reverse")
    dotted = (pixels(view) != empty).any(axis=-1)
    size = view.px(POINT_PX)
    for place in places[:2]:
        at = view.to_pixel(*place)
        x, y = round(at.x()), round(at.y())
        around = dotted[y - 20 : y + 20, x - 20 : x + 20]
        down, across = (np.flatnonzero(around.any(axis=axis)) for axis in (1, 0))
        for extent in (down, across):
            assert extent.mean() == pytest.approx(19.5, abs=1.5) and abs(np.ptp(extent) + 1 - size) <= 1
        dotted[y - 20 : y + 20, x - 20 : x + 20] = False
    assert not dotted.any(), "what lies outside is not drawn"


def pixels(view):
    """What is drawn, [y, x, colours]."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)[:, : image.width(), :3].copy()


def test_points_return_by_the_sampler_in_force(teaching, find, hand, wait, settle):
    window = teaching(sampler="ddim", steps=25)
    at(window, 0.0)
    view = find(window, "cloudView")
    hand.click(find(window, "cloudWayControl").button("return"))
    wait(lambda: "25 of 25 steps" in find(window, "cloudWords").text())
    law = shape_law(SHAPES["moons"]())
    near = np.sqrt(((view.swarm.points[:, None] - law.means) ** 2).sum(-1)).min(1)
    assert (near < 0.2).mean() > 0.9
    assert SAMPLERS["ddim"].title in find(window, "cloudWords").text()
    assert view.swarm.token == "reverse" and view.swarm.trails.shape[0] == taught.TRAILED


def test_the_arrows_are_the_score(teaching, find):
    window = teaching()
    at(window, 0.3)
    places, ways = find(window, "cloudView").swarm.arrows
    law, schedule = shape_law(SHAPES["moons"]()), window.session.recipe.course.schedule
    alpha, sigma = (float(c) for c in schedule(0.3))
    place, step = places[40], 1e-5

    def log_density(x):
        return law.log_density((x / alpha).reshape(1, 1, 1, 2), sigma / alpha)[0]

    slope = [(log_density(place + d) - log_density(place - d)) / (2 * step) for d in step * np.eye(2)]
    np.testing.assert_allclose(ways[40], sigma * np.array(slope), rtol=1e-3, atol=1e-3)
    find(window, "cloudArrowsCheck").click()
    assert find(window, "cloudView").swarm.arrows is None


def test_a_shape_is_drawn_by_hand(teaching, find, hand, settle):
    window = teaching()
    at(window, 0.0)
    hand.choose(find(window, "cloudShapeCombo"), "drawn")
    view = find(window, "cloudView")
    assert "Draw lines" in find(window, "cloudWords").text()
    line = [view.to_pixel(x, 0.4 * x) for x in np.linspace(-2, 2, 12)]
    hand.drag(view, *line)
    settle(window)
    assert len(view.swarm.points) == 2000
    x, y = view.swarm.points.T
    assert np.corrcoef(x, y)[0, 1] > 0.95 and y.std() / x.std() == pytest.approx(0.4, abs=0.08)
    hand.click(find(window, "cloudAnewButton"))
    assert window.session.view.cloud_lines == () and not len(view.swarm.points)


def test_a_line_that_is_drawn_far_beyond_the_plane_ends_at_its_edge(teaching, find, hand, settle):
    window = teaching()
    hand.choose(find(window, "cloudShapeCombo"), "drawn")
    view = find(window, "cloudView")
    start = view.to_pixel(0.0, 0.0)
    hand.drag(view, start, start + QPointF(60, 0), start - QPointF(4000, 3000))
    settle(window)
    (line,) = window.session.view.cloud_lines
    assert line[-1] == (-view.x_axis.high, view.y_axis.high) and len(view.swarm.points) == 2000


def test_a_view_that_cannot_be_is_refused_with_a_sentence(window):
    before, said = window.session.view, []
    window.session.told.connect(said.append)
    window.session.look(cloud_lines=(((0.0, 99.0),),))
    assert window.session.view is before and "none beyond 10" in said[0].hint


def test_a_network_learns_them_live_and_they_return_by_it(teaching, find, hand, wait, settle, monkeypatch):
    monkeypatch.setattr("diffview.gui.jobs.points.LEARN_S", 3.0)
    window = teaching()
    at(window, 0.0)
    hand.click(find(window, "cloudLearnButton"))
    assert window.session.view.cloud_score == "learnt" and window.session.view.cloud_way == "return"
    wait(lambda: find(window, "cloudLearnWords").text().startswith("Learnt"))
    wait(window.is_idle)
    assert find(window, "cloudLossView").isVisible()
    points = find(window, "cloudView").swarm.points
    assert len(points) == 2000 and np.isfinite(points).all()
    spread = shape_law(SHAPES["moons"]()).means
    near = np.sqrt(((points[:, None] - spread) ** 2).sum(-1)).min(1)
    assert near.mean() < 0.35  # of noise of the same variance it is 0.45
    window.docks["cloudDock"].hide()
    settle(window)
    window.docks["cloudDock"].show()
    assert not window.session.edit(steps=0), "a refused edit shows everything anew"
    settle(window)
    assert find(window, "cloudLearnWords").text().startswith("Learnt"), "it is still there"
    hand.choose(find(window, "cloudShapeCombo"), "rings")
    assert find(window, "cloudLearnWords").text() == "", "it was learnt of another shape"
