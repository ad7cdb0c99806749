"""docs/how-to/add-a-gateway.md, as written."""

from tests.guides.guide import steps_of


def test_the_gateway_passes_the_contract_and_no_existing_file_changes(tree):
    output = tree.follow(steps_of("add-a-gateway"))
    assert " passed" in output
    assert "failed" not in output
    tree.assert_only_added("extensions/acme")
