"""The calibration dock: a run is judged when it ends, beside a truth that is chosen, and what cannot be is said."""

import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from diffview.fields.field import Region
from diffview.gui.theme import theme
from diffview.scores.calibration import calibrate
from diffview.scores.run_ensembles import cases_of
from diffview.scores.solver_scores import ASKED, SolverCheck

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")

GAP = QUICK.but(
    sampler="repaint", sampler_params=(), origin="noise", members=8, steps=6, hidden=(Region(50, 130, 20, 20),)
)


def judged(window, wait, so=lambda found: found is not None):
    """Wait until what is found is so, and is shown."""
    wait(lambda: not window.calibration.active and so(window.calibration.found))


def shown(window, wait):
    """The panel, once it has judged."""
    window.calibration_dock.toggleViewAction().trigger()
    window.calibration_dock.raise_()
    judged(window, wait)
    return window.calibration_dock.widget()


def test_the_run_on_screen_is_judged_as_the_core_judges_it(open_window, find, wait, settle):
    window = open_window(GAP)
    panel = shown(window, wait)
    run, session = window.live.run, window.session
    core = calibrate(cases_of(run.plan, session.facts, run.trajectory.last.y), seed=session.recipe.course.seed)
    found = window.calibration.found
    assert found.plain() == core.plain() and found.points == 400
    assert panel.sentences.sentences()[0].startswith("It ") and "spread/skill" in panel.sentences.sentences()[0]
    rows = {row[0]: row[2] for row in panel.numbers.rows()}
    assert rows["CRPS"] == f"{core.crps:.3g} K" and rows["spread/skill"] == f"{core.dispersion.ratio:.3g}"
    plots = panel.views.plots
    assert all(plot.isVisible() for plot in plots.values())
    np.testing.assert_allclose(plots["ranks"].lines[0].y, core.ranks.shares)
    assert [line.name for line in plots["spectra"].lines] == ["members", "their mean", "truth"]
    assert find(window, "calibrationSays").text() == "8 members, 400 pixels."
    assert panel.quantiles.rows()[0][2:] == ("members", "mean", "truth")
    settle(window)


def test_a_new_run_is_judged_while_the_dock_is_seen_and_an_edit_takes_the_old_judgement_away(
    open_window, hand, find, wait, settle
):
    window = open_window(GAP)
    panel = shown(window, wait)
    before = window.calibration.found
    window.session.edit(seed=5)
    assert window.calibration.found is None and panel.sentences.sentences() == () and panel.teach.isVisible()
    button = find(window, "calibrationButton")
    if window.live.idle and not window.calibration.active:
        assert not button.isEnabled() and "press Run" in button.toolTip()
    window.live.start()
    judged(window, wait)
    assert window.calibration.found.crps != before.crps
    settle(window)


def test_truth_and_thresholds_are_chosen_by_hand(open_window, hand, find, wait, settle):
    window = open_window(GAP)
    panel = shown(window, wait)
    field = find(window, "calibrationEvents")
    field.setFocus()
    QTest.keyClicks(field, "270")
    hand.click(find(window, "calibrationButton"))
    judged(window, wait, lambda found: found is not None and len(found.reliability) == 1)
    assert panel.frequencies.rows()[1][0] == "270"
    QTest.keyClicks(field, "x")
    hand.click(find(window, "calibrationButton"))
    assert "is no list of thresholds" in window.heard[-1].sentence
    field.clear()
    QTest.keyClicks(field, "900")
    QTest.keyClick(field, Qt.Key.Key_Return)
    judged(window, wait, lambda found: found is None)
    assert "No pixel of members or truth lies above 900 K" in find(window, "calibrationSays").text()
    field.clear()
    truth = find(window, "calibrationTruth")
    truth.setFocus()
    QTest.keyClick(truth, Qt.Key.Key_End)
    truth.activated.emit(truth.currentIndex())
    judged(window, wait, lambda found: found is not None and not found.judged)
    assert find(window, "calibrationSays").text().endswith("no truth.") and panel.numbers.rows() == ()
    seen = {key for key, plot in panel.views.plots.items() if plot.isVisible()}
    assert seen == {"spread", "coherence", "spectra", "moments", "above"}, "what needs a truth is not there without one"
    settle(window)


def test_more_than_four_thresholds_are_steps_of_one_colour_map(open_window, hand, find, wait, settle):
    window = open_window(GAP)
    panel = shown(window, wait)
    field = find(window, "calibrationEvents")
    thresholds = [f"{kelvin}" for kelvin in (250, 255, 260, 265, 270, 275)]
    for several in (thresholds[:4], thresholds):
        field.setFocus()
        field.clear()
        QTest.keyClicks(field, ", ".join(several))
        hand.click(find(window, "calibrationButton"))
        count = len(several)
        judged(window, wait, lambda found, n=count: found is not None and len(found.reliability) == n)
        lines = panel.views.plots["fss"].lines[: len(several)]
        assert [line.name for line in lines] == [f"> {name}" for name in several]
        assert len({theme.palette.code(line.token) for line in lines}) == len(several)
        told = [line.name for line in lines if line.told]
        assert told == [f"> {name}" for name in (several if len(several) == 4 else ("250", "265", "275"))]
        same = {line.name: line.token for line in lines}
        drawn = panel.views.plots["reliability"].lines[:-1]
        assert drawn and all(same[line.name] == line.token for line in drawn)
    settle(window)


def test_one_member_is_told_what_to_do(window, find, settle):
    window.calibration_dock.toggleViewAction().trigger()
    settle(window)
    assert "One member has no spread" in find(window, "calibrationSays").text()
    assert not find(window, "calibrationButton").isEnabled() and window.calibration.job is None


def test_solvers_stand_beside_the_exact_posterior(window, hand, find, wait, settle):
    window.calibration_dock.toggleViewAction().trigger()
    button = find(window, "solversButton")
    hand.click(button)
    wait(lambda: window.solving.job is not None and window.solving.job.done > 0)
    assert button.text() == "Stop"
    hand.click(button)
    settle(window)
    panel = window.calibration_dock.widget()
    assert panel.solvers.sentences() == () and button.text() == "Solve"
    small = SolverCheck(members=20, steps=6)
    window.solving.begin(lambda: small)
    settle(window)
    said = panel.solvers.sentences()
    assert len(said) == len(ASKED) == len(small.scores) and said[0].startswith("exact is ")
    assert all(f"spread/skill {one.ratio:.3g}" in sentence for one, sentence in zip(small.scores, said, strict=True))
