"""Migrations backwards and forwards with rows, on the database of the settings."""

import pytest

from tests.schema.alone import run_alone

pytestmark = pytest.mark.database


def test_refunds_that_share_a_key_or_have_none_do_not_keep_the_schema_from_going_back(tmp_path):
    run_alone("tests.schema.refunds", tmp_path)


def test_the_search_index_is_removed_and_built_anew(tmp_path):
    run_alone("tests.schema.search_index", tmp_path)


def test_amounts_of_orders_are_removed_and_filled_in_again(tmp_path):
    run_alone("tests.schema.amounts", tmp_path)


def test_invoices_from_before_they_were_records_stay(tmp_path):
    run_alone("tests.schema.invoices", tmp_path)


def test_several_credit_notes_of_a_refund_do_not_keep_the_schema_from_going_back(tmp_path):
    run_alone("tests.schema.credit_notes", tmp_path)


def test_a_migration_waits_for_a_backup_and_the_shop_does_not_wait_behind_it(tmp_path):
    run_alone("tests.schema.locks", tmp_path)


def test_of_two_that_migrate_at_once_one_waits_for_the_other(tmp_path):
    run_alone("tests.schema.two_at_once", tmp_path)


def test_a_program_that_fails_says_why(tmp_path):
    with pytest.raises(AssertionError, match=r"No module named tests\.schema\.nothing"):
        run_alone("tests.schema.nothing", tmp_path)
