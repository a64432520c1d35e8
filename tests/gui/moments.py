"""What is in force, without a session: for the modules of show/ that only read it."""

from diffview.fields.field import Region
from diffview.gui.show.moment import InForce, Moment
from diffview.readers.packaged import packaged_field
from diffview.runs.facts import Facts
from diffview.runs.recipe import default_recipe
from diffview.runs.view import View


def in_force(view=None, field=None, known=None, **changes):
    """A quick recipe with changes, for a field (the packaged one unless told) and what else is known."""
    session = InForce()
    recipe = default_recipe().but(**{"model": "gaussian", "region": Region(40, 120, 64, 64), **changes})
    facts = Facts(field or packaged_field(), **(known or {}))
    session.now = Moment.of(recipe, facts, view or View())
    return session
