import uuid

from django.db import migrations, models

BATCH = 500


def give_each_note_a_refund(apps, schema_editor):
    """Backwards only: a refund had one credit note. Its first one keeps it, each other gets a cancelled one.

    Notes were issued for refunds of their own amount, and cancelled refunds move no money.
    """
    notes, refunds = apps.get_model("shop", "CreditNote").objects, apps.get_model("payments", "Refund").objects
    earlier = notes.filter(refund=models.OuterRef("refund"), pk__lt=models.OuterRef("pk"))
    others = notes.filter(models.Exists(earlier)).select_related("refund").defer("pdf").order_by("pk")
    for note in others.iterator(BATCH):
        values = {"payment_id": note.refund.payment_id, "amount": note.total, "created_at": note.issued_at}
        refund = refunds.create(id=uuid.uuid4(), status="cancelled", **values)
        notes.filter(pk=note.pk).update(refund=refund)


class Migration(migrations.Migration):
    """Not in one transaction with the constraint, which waits for the rows that were changed before."""

    dependencies = [("shop", "0015_credit_notes_of_refunds")]

    operations = [migrations.RunPython(migrations.RunPython.noop, give_each_note_a_refund, elidable=False)]
