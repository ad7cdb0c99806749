"""docs/how-to/add-a-carrier.md, as written."""

from tests.guides.guide import steps_of


def test_the_carrier_passes_the_contract_and_no_existing_file_changes(tree):
    assert "12 passed" in tree.follow(steps_of("add-a-carrier"))
    tree.assert_only_added("extensions/courier")
