"""What are records and fields called, in words that can be translated? In the database nothing changes."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0004_words"),
        ("shipping", "0002_carriers"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="carrierparcel",
            options={"verbose_name": "carrier's parcel", "verbose_name_plural": "carrier's parcels"},
        ),
        migrations.AlterModelOptions(
            name="shipment",
            options={
                "ordering": ["-shipped_at"],
                "permissions": [
                    ("reship_parcel", "Can send an order again whose parcel did not arrive"),
                    ("restock_returned_goods", "Can put the goods of a returned parcel back on the shelf"),
                    ("correct_address", "Can correct the address of an order that is not booked yet"),
                ],
                "verbose_name": "shipment",
                "verbose_name_plural": "shipments",
            },
        ),
        migrations.AlterField(
            model_name="carrierparcel",
            name="booked_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="booked at"),
        ),
        migrations.AlterField(
            model_name="carrierparcel",
            name="cancelled_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="cancelled at"),
        ),
        migrations.AlterField(
            model_name="carrierparcel",
            name="carrier",
            field=models.CharField(db_default="Swiftpost", default="Swiftpost", max_length=40, verbose_name="carrier"),
        ),
        migrations.AlterField(
            model_name="carrierparcel",
            name="city",
            field=models.CharField(max_length=100, verbose_name="city"),
        ),
        migrations.AlterField(
            model_name="carrierparcel",
            name="idempotency_key",
            field=models.CharField(max_length=64, verbose_name="idempotency key"),
        ),
        migrations.AlterField(
            model_name="carrierparcel",
            name="tracking_number",
            field=models.CharField(max_length=40, unique=True, verbose_name="tracking number"),
        ),
        migrations.AlterField(
            model_name="parcelevent",
            name="at",
            field=models.DateTimeField(verbose_name="at"),
        ),
        migrations.AlterField(
            model_name="parcelevent",
            name="carrier",
            field=models.CharField(max_length=40, verbose_name="carrier"),
        ),
        migrations.AlterField(
            model_name="parcelevent",
            name="code",
            field=models.CharField(max_length=20, verbose_name="code"),
        ),
        migrations.AlterField(
            model_name="parcelevent",
            name="event_id",
            field=models.CharField(max_length=100, verbose_name="event id"),
        ),
        migrations.AlterField(
            model_name="parcelevent",
            name="received_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="heard at"),
        ),
        migrations.AlterField(
            model_name="parcelevent",
            name="place",
            field=models.CharField(blank=True, max_length=100, verbose_name="place"),
        ),
        migrations.AlterField(
            model_name="parcelevent",
            name="shipment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="events",
                to="shipping.shipment",
                verbose_name="shipment",
            ),
        ),
        migrations.AlterField(
            model_name="parcelevent",
            name="text",
            field=models.CharField(blank=True, max_length=200, verbose_name="text"),
        ),
        migrations.AlterField(
            model_name="shipment",
            name="carrier",
            field=models.CharField(max_length=40, verbose_name="carrier"),
        ),
        migrations.AlterField(
            model_name="shipment",
            name="cost",
            field=models.PositiveIntegerField(blank=True, help_text="minor units", null=True, verbose_name="cost"),
        ),
        migrations.AlterField(
            model_name="shipment",
            name="currency",
            field=models.CharField(blank=True, db_default="", max_length=3, verbose_name="currency"),
        ),
        migrations.AlterField(
            model_name="shipment",
            name="delivered_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="delivered at"),
        ),
        migrations.AlterField(
            model_name="shipment",
            name="due_from",
            field=models.DateField(blank=True, null=True, verbose_name="due from"),
        ),
        migrations.AlterField(
            model_name="shipment",
            name="due_until",
            field=models.DateField(blank=True, null=True, verbose_name="due until"),
        ),
        migrations.AlterField(
            model_name="shipment",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="shipments",
                to="orders.order",
                verbose_name="order",
            ),
        ),
        migrations.AlterField(
            model_name="shipment",
            name="shipped_at",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="shipped at"),
        ),
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
                verbose_name="status",
            ),
        ),
        migrations.AlterField(
            model_name="shipment",
            name="tracking_number",
            field=models.CharField(max_length=40, verbose_name="tracking number"),
        ),
    ]
