"""The same work done by other programs, in the same run; what is not installed is said."""

from diffview.bench import core
from diffview.bench.row import Row, Rows, ratio

BEFORE = """
import json, time
import numpy as np
from PySide6.QtWidgets import QApplication

app = QApplication([])
x0, eps = np.random.default_rng(0).standard_normal((2, 512, 512)).astype("f4").cumsum(2)

def x_t(t):
    return np.cos(t) * x0 + np.sin(t) * eps
"""

AFTER = """
spent = []
app.processEvents()
for i in range(60):
    begun = time.thread_time()
    move(abs((7 * i) % 100 - 50) / 100 + 0.01)
    for _ in range(3):
        app.processEvents()
    spent.append(1000 * (time.thread_time() - begun))
print(json.dumps({"spent": spent[10:]}))
"""

MATPLOTLIB = """
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from matplotlib.widgets import Slider

figure = Figure(figsize=(16, 10), dpi=100)
canvas = FigureCanvasQTAgg(figure)
image = figure.add_axes([0.05, 0.1, 0.9, 0.85]).imshow(x0, vmin=-30, vmax=30)
slider = Slider(figure.add_axes([0.2, 0.02, 0.6, 0.03]), "t", 0, 1)

def show(t):
    image.set_data(x_t(t))
    canvas.draw_idle()

slider.on_changed(show)
move = slider.set_val
canvas.resize(1600, 1000)
canvas.show()
"""

SILX = """
from silx.gui.plot import Plot2D

plot = Plot2D()
plot.addImage(x0, legend="x_t")
image = plot.getImage("x_t")

def move(t):
    image.setData(x_t(t), copy=False)

plot.resize(1600, 1000)
plot.show()
"""

NAPARI = """
import napari

viewer = napari.Viewer(show=False)
layer = viewer.add_image(x0, contrast_limits=(-30, 30))

def move(t):
    layer.data = x_t(t)

viewer.window.resize(1600, 1000)
viewer.show()
"""

SLIDERS = {"matplotlib": MATPLOTLIB, "silx": SILX, "napari": NAPARI}
"""A picture of x_t that follows t, as one makes it by hand: one image, no spectrum, no histogram."""


def peers(quick: bool) -> Rows:
    """A scrub here beside one image under a slider of others, and a run beside a loop written by hand."""
    from diffview.bench import networks

    rows, ours = [], None
    clock = "medians of the thread's processor time; a move of the slider -> painted"
    asked: core.Numbers = {"width": 1600, "height": 1000, "side": 512, "mode": "closed", "count": 60 if quick else 200}
    for name, script in SLIDERS.items():
        what = f"scrub 512x512, all panes, over one image of {name}"
        try:
            theirs = core.child("-c", BEFORE + script + AFTER)["spent"]
        except RuntimeError as error:
            rows.append(Row(what, clock, error=f"{name} or its Qt canvas is not there: {error}"))
        else:
            ours = core.in_window("scrub", **asked)["spent"] if ours is None else ours
            rows.append(ratio(what, clock, 1.0, ours, theirs, name))
    clock = f"{networks.STEPS} steps of Heun of bt64, one member: ours over the loop of EDM in torch, alternately; CPU"
    pair = networks.ours_and_plain_loop(2 if quick else 8)
    return [*rows, ratio("run over a plain loop", clock, 1.03, *pair, "plain")]
