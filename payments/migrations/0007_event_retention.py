from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0006_authorisation"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="gatewayevent",
            index=models.Index(fields=["received_at"], name="payments_gatewayevent_received"),
        ),
    ]
