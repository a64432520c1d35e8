"""The docks of the layout Earth, and their jobs: made when they are first shown; a base class of the window."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from diffview.gui.jobs.busy import Jobs
from diffview.gui.session import Session

if TYPE_CHECKING:
    from diffview.gui.jobs.channels import ChannelRunner
    from diffview.gui.jobs.months import MonthRunner
    from diffview.gui.jobs.together import TogetherRunner


class EarthJobs:
    """Jobs of a scientist on files of her own."""

    session: Session
    jobs: Jobs

    @cached_property
    def months(self) -> "MonthRunner":
        """Makes the days of a month."""
        from diffview.gui.jobs.months import MonthRunner

        return MonthRunner(self.jobs)

    @cached_property
    def channels(self) -> "ChannelRunner":
        """Makes rain from channels."""
        from diffview.gui.jobs.channels import ChannelRunner

        return ChannelRunner(self.jobs)

    @cached_property
    def together(self) -> "TogetherRunner":
        """Makes channels and sequences together."""
        from diffview.gui.jobs.together import TogetherRunner

        return TogetherRunner(self.jobs)

    def earth_panels(self) -> dict[str, Callable[[], QWidget]]:
        """What makes the panel of each dock, by its title."""
        return {"Days": self.days_panel, "Rain": self.rain_panel, "Together": self.together_panel}

    def days_panel(self) -> QWidget:
        """The panel that makes the days of a month."""
        from diffview.gui.panels.month import MonthPanel

        return MonthPanel(self.session, self.months)

    def rain_panel(self) -> QWidget:
        """The panel that makes rain from channels."""
        from diffview.gui.panels.rain import RainPanel

        return RainPanel(self.session, self.channels)

    def together_panel(self) -> QWidget:
        """The panel that makes channels and sequences together."""
        from diffview.gui.panels.together import TogetherPanel

        return TogetherPanel(self.session, self.together)
