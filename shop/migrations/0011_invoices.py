"""Invoices and credit notes become records. Files of earlier invoices stay in their table, under another name."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.utils import timezone


def begin(apps, schema_editor):
    """Payments captured before now keep the number of their invoice: the order's."""
    now = timezone.now()
    rows = apps.get_model("shop", "NumberSeries").objects.using(schema_editor.connection.alias)
    rows.get_or_create(series="", year=now.year, defaults={"records_since": now})


def paper_fields():
    return [
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("series", models.CharField(max_length=10, verbose_name="series")),
        ("year", models.PositiveSmallIntegerField(verbose_name="year")),
        ("sequence", models.PositiveIntegerField(blank=True, null=True, verbose_name="sequence")),
        ("number", models.CharField(max_length=40, unique=True, verbose_name="number")),
        ("issued_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="issued at")),
        ("issued_on", models.DateField(verbose_name="issued on")),
        ("kept_until", models.DateField(db_index=True, verbose_name="kept until")),
        ("currency", models.CharField(max_length=3, verbose_name="currency")),
        ("total", models.PositiveBigIntegerField(verbose_name="total")),
        ("tax", models.PositiveBigIntegerField(blank=True, null=True, verbose_name="tax")),
        ("data", models.JSONField(verbose_name="data")),
        ("pdf", models.BinaryField(null=True, verbose_name="PDF")),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0009_payment_states"),
        ("payments", "0006_authorisation"),
        ("shop", "0010_tax_class"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel("Invoice", "EarlierInvoice"),
                migrations.AlterModelTable("earlierinvoice", "shop_invoice"),
                migrations.AlterModelOptions(
                    "earlierinvoice",
                    {
                        "verbose_name": "earlier invoice",
                        "verbose_name_plural": "earlier invoices",
                        "default_permissions": (),
                    },
                ),
                migrations.AlterField(
                    "earlierinvoice",
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="orders.order",
                        verbose_name="order",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="NumberSeries",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("series", models.CharField(max_length=10, verbose_name="series")),
                ("year", models.PositiveSmallIntegerField(verbose_name="year")),
                ("last", models.PositiveIntegerField(db_default=0, default=0, verbose_name="last number")),
                ("records_since", models.DateTimeField(blank=True, null=True, verbose_name="records since")),
            ],
            options={
                "verbose_name": "number series",
                "verbose_name_plural": "number series",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("series", "year"), name="shop_one_number_series_a_year")
                ],
            },
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                *paper_fields(),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoices",
                        to="orders.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "payment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoice",
                        to="payments.payment",
                        verbose_name="payment",
                    ),
                ),
            ],
            options={
                "verbose_name": "invoice",
                "verbose_name_plural": "invoices",
                "db_table": "shop_issuedinvoice",
                "ordering": ["-id"],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("sequence", None), _negated=True),
                        fields=("series", "year", "sequence"),
                        name="shop_one_invoice_a_number",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CreditNote",
            fields=[
                *paper_fields(),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_notes",
                        to="orders.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_notes",
                        to="shop.invoice",
                        verbose_name="invoice",
                    ),
                ),
                (
                    "refund",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_note",
                        to="payments.refund",
                        verbose_name="refund",
                    ),
                ),
            ],
            options={
                "verbose_name": "credit note",
                "verbose_name_plural": "credit notes",
                "ordering": ["-id"],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(fields=("series", "year", "sequence"), name="shop_one_credit_note_a_number")
                ],
            },
        ),
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
