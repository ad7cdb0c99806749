import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0006_authorisation"),
        ("shop", "0014_search_folding"),
    ]

    operations = [
        migrations.AlterField(
            model_name="creditnote",
            name="refund",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="credit_notes",
                to="payments.refund",
                verbose_name="refund",
            ),
        ),
    ]
