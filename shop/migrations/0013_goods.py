"""Uploaded pictures of products, and colours of categories."""

import django.utils.timezone
from django.db import migrations, models

import shop.colours

COLOURS = {
    "sound": "amber",
    "desk": "violet",
    "home": "teal",
    "wear": "rose",
    "outdoors": "blue",
    "kitchen": "green",
}


def colour_categories(apps, schema_editor):
    """The style sheet gave the demo's categories their colours by slug."""
    categories = apps.get_model("shop", "Category").objects.using(schema_editor.connection.alias)
    for slug, colour in COLOURS.items():
        categories.filter(slug=slug, colour="").update(colour=colour)


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0012_returns"),
    ]

    operations = [
        migrations.CreateModel(
            name="StoredPicture",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, unique=True)),
                ("stored_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="category",
            name="colour",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                max_length=7,
                validators=[shop.colours.validate_colour],
                verbose_name="colour",
            ),
        ),
        migrations.RunPython(colour_categories, migrations.RunPython.noop, elidable=True),
        migrations.AddField(
            model_name="product",
            name="picture",
            field=models.ImageField(
                blank=True,
                db_default="",
                default="",
                help_text="JPEG, PNG, WebP or AVIF, up to 10 MB; best 1024 pixels or more on its longer side",
                upload_to="products",
                verbose_name="picture",
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="picture_alt",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="what the picture shows, for those who do not see it; the product's name if empty",
                max_length=200,
                verbose_name="alternative text",
            ),
        ),
        migrations.AddField(
            model_name="product",
            name="picture_height",
            field=models.PositiveIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="product",
            name="picture_width",
            field=models.PositiveIntegerField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="producttext",
            name="picture_alt",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=200, verbose_name="alternative text"
            ),
        ),
        migrations.AlterField(
            model_name="product",
            name="image",
            field=models.CharField(
                blank=True,
                help_text="path relative to static/; shown while no picture is uploaded",
                max_length=100,
                verbose_name="drawn picture",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("picture", ""), _negated=True), fields=["picture"], name="shop_product_pictures"
            ),
        ),
        migrations.AddIndex(
            model_name="storedpicture",
            index=models.Index(fields=["stored_at"], name="shop_storedpicture_stored"),
        ),
    ]
