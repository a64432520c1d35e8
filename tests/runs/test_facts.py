"""What is known of the open field: the field through a transform."""

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.fields.field import Field
from diffview.fields.transforms import Transform
from diffview.runs.facts import Facts


def test_a_transform_of_other_data_by_far_is_a_sentence() -> None:
    """Squares of 1e27 have no float32: every formula and plot would get infinities."""
    facts = Facts(Field(np.linspace(250, 300, 256, dtype=np.float32).reshape(16, 16), "sst", "K"))
    with pytest.raises(UserError, match=r"the field's values go up to 3\.0e\+27"):
        facts.through(Transform("standardise", 0.0, 1e-25))
    assert facts.through(Transform("standardise", 250.0, 1e-10)).max() == pytest.approx(5e11)


def test_a_field_without_values_goes_through() -> None:
    assert np.isnan(Facts(Field(np.full((16, 16), np.nan, np.float32), "x")).through(Transform("identity"))).all()
