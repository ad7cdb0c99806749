"""Tables of the app."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("orders", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="CarrierCall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("idempotency_key", models.CharField(max_length=64, unique=True, verbose_name="idempotency key")),
                ("calls", models.PositiveIntegerField(default=0, verbose_name="calls")),
            ],
            options={
                "verbose_name": "carrier call",
                "verbose_name_plural": "carrier calls",
            },
        ),
        migrations.CreateModel(
            name="CarrierParcel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "carrier",
                    models.CharField(
                        db_default="Swiftpost", default="Swiftpost", max_length=40, verbose_name="carrier"
                    ),
                ),
                ("idempotency_key", models.CharField(max_length=64, verbose_name="idempotency key")),
                ("tracking_number", models.CharField(max_length=40, unique=True, verbose_name="tracking number")),
                ("city", models.CharField(max_length=100, verbose_name="city")),
                ("booked_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="booked at")),
                ("cancelled_at", models.DateTimeField(blank=True, null=True, verbose_name="cancelled at")),
            ],
            options={
                "verbose_name": "carrier parcel",
                "verbose_name_plural": "carrier parcels",
                "constraints": [
                    models.UniqueConstraint(fields=("idempotency_key", "carrier"), name="shipping_one_parcel_a_key")
                ],
            },
        ),
        migrations.CreateModel(
            name="Shipment",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("carrier", models.CharField(max_length=40, verbose_name="carrier")),
                ("tracking_number", models.CharField(max_length=40, verbose_name="tracking number")),
                (
                    "status",
                    models.CharField(
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
                        verbose_name="status",
                    ),
                ),
                (
                    "cost",
                    models.PositiveIntegerField(blank=True, help_text="minor units", null=True, verbose_name="cost"),
                ),
                ("currency", models.CharField(blank=True, db_default="", max_length=3, verbose_name="currency")),
                ("due_from", models.DateField(blank=True, null=True, verbose_name="due from")),
                ("due_until", models.DateField(blank=True, null=True, verbose_name="due until")),
                ("shipped_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="shipped at")),
                ("delivered_at", models.DateTimeField(blank=True, null=True, verbose_name="delivered at")),
                (
                    "current_for",
                    models.OneToOneField(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shipment",
                        to="orders.order",
                        verbose_name="current parcel of",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shipments",
                        to="orders.order",
                        verbose_name="order",
                    ),
                ),
            ],
            options={
                "verbose_name": "shipment",
                "verbose_name_plural": "shipments",
                "ordering": ["-shipped_at"],
                "permissions": [
                    ("reship_parcel", "Can reship an order whose parcel did not arrive"),
                    ("restock_returned_goods", "Can return the contents of a returned parcel to stock"),
                    ("correct_address", "Can correct the address of an order before its parcel is booked"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ParcelEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("carrier", models.CharField(max_length=40, verbose_name="carrier")),
                ("event_id", models.CharField(max_length=100, verbose_name="event ID")),
                ("code", models.CharField(max_length=20, verbose_name="code")),
                ("at", models.DateTimeField(verbose_name="at")),
                ("place", models.CharField(blank=True, max_length=100, verbose_name="place")),
                ("text", models.CharField(blank=True, max_length=200, verbose_name="text")),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="received at")),
                (
                    "shipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="shipping.shipment",
                        verbose_name="shipment",
                    ),
                ),
            ],
            options={
                "verbose_name": "parcel event",
                "verbose_name_plural": "parcel events",
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="ShipmentDocument",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("label", "label"), ("packing_slip", "packing slip")],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("pdf", models.BinaryField(verbose_name="PDF")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="created at")),
                (
                    "shipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="documents",
                        to="shipping.shipment",
                        verbose_name="shipment",
                    ),
                ),
            ],
            options={
                "verbose_name": "shipment document",
                "verbose_name_plural": "shipment documents",
            },
        ),
        migrations.AddIndex(
            model_name="shipment",
            index=models.Index(
                condition=models.Q(("status__in", ["lost", "returned"])),
                fields=["-shipped_at"],
                name="shipping_stranded",
            ),
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
        migrations.AddConstraint(
            model_name="parcelevent",
            constraint=models.UniqueConstraint(fields=("carrier", "event_id"), name="shipping_parcel_event_once"),
        ),
        migrations.AddConstraint(
            model_name="shipmentdocument",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["label", "packing_slip"])), name="shipping_document_kind_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="shipmentdocument",
            constraint=models.UniqueConstraint(fields=("shipment", "kind"), name="shipping_one_document_of_a_kind"),
        ),
    ]
