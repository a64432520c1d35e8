"""A job of a cluster, or a training of another process, followed beside the window, which stops nothing of it."""

from diffview.cluster.following import Following
from diffview.gui.jobs.background import Background
from diffview.learning.followed import FollowedTraining


class JobFollower(Background[Following]):
    """Follows one job at a time."""

    kind = "following"


class TrainingFollower(Background[FollowedTraining]):
    """Follows one training at a time."""

    kind = "watching"
