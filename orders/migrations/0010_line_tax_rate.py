from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0009_payment_states"),
    ]

    operations = [
        migrations.AddField(
            model_name="orderline",
            name="tax_rate",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="rate"),
        ),
    ]
