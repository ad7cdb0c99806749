"""Several carriers, and several parcels an order, of which one counts; what they tell of them; papers.

A parcel that a worker of the older release writes beside this schema counts for its order from the first look at it on.
"""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.models import F


def let_the_only_parcels_count(apps, schema_editor):
    apps.get_model("shipping", "Shipment").objects.update(current_for=F("order"))


def forget_the_others(apps, schema_editor):
    """The older release knows one parcel an order, and no parcel that did not arrive."""
    shipments = apps.get_model("shipping", "Shipment").objects
    shipments.filter(current_for=None).delete()
    shipments.filter(status__in=("delayed", "lost", "returned")).update(status="in_transit")
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0003_email_delivery"),
        ("shipping", "0001_initial"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="shipment",
            options={
                "ordering": ["-shipped_at"],
                "permissions": [
                    ("reship_parcel", "Can send an order again whose parcel did not arrive"),
                    ("restock_returned_goods", "Can put the goods of a returned parcel back on the shelf"),
                    ("correct_address", "Can correct the address of an order that is not booked yet"),
                ],
            },
        ),
        migrations.RemoveConstraint(model_name="shipment", name="shipping_shipment_status_is_known"),
        migrations.AlterField(
            model_name="shipment",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="shipments", to="orders.order"
            ),
        ),
        migrations.AddField(
            model_name="shipment",
            name="current_for",
            field=models.OneToOneField(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="shipment",
                to="orders.order",
            ),
        ),
        migrations.AlterField(model_name="shipment", name="tracking_number", field=models.CharField(max_length=40)),
        migrations.AlterField(
            model_name="shipment",
            name="status",
            field=models.CharField(
                choices=[
                    ("in_transit", "in transit"),
                    ("delayed", "delayed"),
                    ("delivered", "delivered"),
                    ("lost", "lost"),
                    ("returned", "returned"),
                    ("cancelled", "cancelled"),
                ],
                default="in_transit",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="shipment",
            name="cost",
            field=models.PositiveIntegerField(blank=True, help_text="minor units", null=True),
        ),
        migrations.AddField(
            model_name="shipment",
            name="currency",
            field=models.CharField(blank=True, db_default="", max_length=3),
        ),
        migrations.AddField(model_name="shipment", name="due_from", field=models.DateField(blank=True, null=True)),
        migrations.AddField(model_name="shipment", name="due_until", field=models.DateField(blank=True, null=True)),
        migrations.AlterField(
            model_name="shipment",
            name="label",
            field=models.TextField(blank=True, db_default="", default="", editable=False),
        ),
        migrations.AddField(
            model_name="carrierparcel",
            name="carrier",
            field=models.CharField(db_default="Swiftpost", default="Swiftpost", max_length=40),
        ),
        migrations.AlterField(
            model_name="carrierparcel", name="idempotency_key", field=models.CharField(max_length=64)
        ),
        migrations.AddConstraint(
            model_name="carrierparcel",
            constraint=models.UniqueConstraint(fields=("idempotency_key", "carrier"), name="shipping_one_parcel_a_key"),
        ),
        migrations.AddConstraint(
            model_name="shipment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["in_transit", "delayed", "delivered", "lost", "returned", "cancelled"])
                ),
                name="shipping_shipment_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="shipment",
            constraint=models.CheckConstraint(
                condition=models.Q(("current_for", None), ("current_for", models.F("order")), _connector="OR"),
                name="shipping_shipment_counts_for_its_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="shipment",
            constraint=models.UniqueConstraint(
                fields=("tracking_number", "carrier"), name="shipping_one_shipment_a_parcel"
            ),
        ),
        migrations.AddIndex(
            model_name="shipment",
            index=models.Index(
                condition=models.Q(("status__in", ["lost", "returned"])),
                fields=["-shipped_at"],
                name="shipping_stranded",
            ),
        ),
        migrations.CreateModel(
            name="ParcelEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("carrier", models.CharField(max_length=40)),
                ("event_id", models.CharField(max_length=100)),
                ("code", models.CharField(max_length=20)),
                ("at", models.DateTimeField()),
                ("place", models.CharField(blank=True, max_length=100)),
                ("text", models.CharField(blank=True, max_length=200)),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "shipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="events", to="shipping.shipment"
                    ),
                ),
            ],
            options={
                "verbose_name": "event of a parcel",
                "verbose_name_plural": "events of parcels",
                "ordering": ["at", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("carrier", "event_id"), name="shipping_parcel_event_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ShipmentDocument",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(choices=[("label", "label"), ("packing_slip", "packing slip")], max_length=12),
                ),
                ("pdf", models.BinaryField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "shipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="documents", to="shipping.shipment"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["label", "packing_slip"])),
                        name="shipping_document_kind_is_known",
                    ),
                    models.UniqueConstraint(fields=("shipment", "kind"), name="shipping_one_document_of_a_kind"),
                ],
            },
        ),
        # Last: PostgreSQL alters no table of which the same transaction has changed rows.
        migrations.RunPython(let_the_only_parcels_count, forget_the_others),
    ]
