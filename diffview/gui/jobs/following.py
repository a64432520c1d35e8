"""A job of a cluster, or a training of another process, followed beside the window, which stops nothing of it."""

from diffview.cluster.connecting import Connecting
from diffview.cluster.following import Following
from diffview.errors import UserError
from diffview.gui.jobs.background import Background
from diffview.learning.followed import FollowedTraining


class Connector(Background[Connecting]):
    """Asks one cluster at a time who works there; whoever shows it tells why none does."""

    kind = "connecting"

    def take(self, job: Connecting) -> None:
        """Only what is no answer is told beside the dialog."""
        if not isinstance(job.error, UserError):
            super().take(job)


class JobFollower(Background[Following]):
    """Follows one job at a time."""

    kind = "following"


class TrainingFollower(Background[FollowedTraining]):
    """Follows one training at a time."""

    kind = "watching"
