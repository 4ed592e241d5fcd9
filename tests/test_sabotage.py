"""The deliberate faults keep up with the code: what each of them changes and fails is there."""

import pytest
from sabotage import FAULTS, ROOT


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_has_its_place_and_its_tests(fault):
    assert (ROOT / fault.file).read_text().count(fault.text) == 1
    for test in fault.tests:
        file, name = test.split("::")
        assert f"\ndef {name}(" in (ROOT / "tests" / file).read_text()
