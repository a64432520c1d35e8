"""A job of a cluster, followed beside the window: closing the window stops nothing of it."""

from diffview.cluster.following import Following
from diffview.gui.jobs.background import Background


class JobFollower(Background[Following]):
    """Follows one job at a time."""

    kind = "following"
