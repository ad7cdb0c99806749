from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0016_several_credit_notes"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="creditnote",
            index=models.Index(fields=["year", "-id"], name="shop_creditnote_by_year"),
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(fields=["year", "-id"], name="shop_invoice_by_year"),
        ),
        migrations.AddIndex(
            model_name="return",
            index=models.Index(
                condition=models.Q(("status", "refunded"), _negated=True),
                fields=["status", "-requested_at", "-id"],
                name="shop_return_by_status",
            ),
        ),
        migrations.RemoveIndex(
            model_name="return",
            name="shop_return_open",
        ),
    ]
