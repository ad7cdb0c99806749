"""Tables of the app."""

import django.contrib.auth.models
import django.contrib.auth.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import shop.models.catalogue


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("orders", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                ("date_joined", models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined")),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "abstract": False,
            },
            managers=[
                ("objects", django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="Category",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("slug", models.SlugField(max_length=60, unique=True, verbose_name="slug")),
                ("blurb", models.CharField(blank=True, max_length=200, verbose_name="blurb")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
            ],
            options={
                "verbose_name": "category",
                "verbose_name_plural": "categories",
                "ordering": ["position", "name"],
            },
        ),
        migrations.CreateModel(
            name="SavedBasket",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="basket",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                ("lines", models.JSONField(default=list, verbose_name="lines")),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="changed")),
            ],
            options={
                "verbose_name": "saved basket",
                "verbose_name_plural": "saved baskets",
            },
        ),
        migrations.CreateModel(
            name="CategoryText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "language",
                    models.CharField(help_text="language code, such as de", max_length=8, verbose_name="language"),
                ),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("blurb", models.CharField(blank=True, max_length=200, verbose_name="blurb")),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="texts",
                        to="shop.category",
                        verbose_name="category",
                    ),
                ),
            ],
            options={
                "verbose_name": "translation",
                "verbose_name_plural": "translations",
            },
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("edition", models.CharField(max_length=64, verbose_name="edition")),
                ("pdf", models.BinaryField(verbose_name="PDF")),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="issued")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invoices",
                        to="orders.order",
                        verbose_name="order",
                    ),
                ),
            ],
            options={
                "verbose_name": "invoice",
                "verbose_name_plural": "invoices",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sku", models.CharField(max_length=40, unique=True, verbose_name="SKU")),
                ("slug", models.SlugField(max_length=120, unique=True, verbose_name="slug")),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("tagline", models.CharField(blank=True, max_length=120, verbose_name="tagline")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "price",
                    models.PositiveBigIntegerField(help_text="in minor units, such as cents", verbose_name="price"),
                ),
                ("currency", models.CharField(default="EUR", max_length=3, verbose_name="currency")),
                ("stock", models.IntegerField(default=0, editable=False, verbose_name="stock")),
                (
                    "reorder_level",
                    models.PositiveIntegerField(
                        db_default=5,
                        default=shop.models.catalogue.default_reorder_level,
                        help_text="stock at or below which the product counts as low in stock",
                        verbose_name="reorder level",
                    ),
                ),
                (
                    "runs_low",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Q(("stock__lte", models.F("reorder_level"))),
                        output_field=models.BooleanField(),
                        verbose_name="low in stock",
                    ),
                ),
                (
                    "image",
                    models.CharField(
                        blank=True, help_text="path relative to static/", max_length=100, verbose_name="image"
                    ),
                ),
                ("is_listed", models.BooleanField(default=True, verbose_name="listed")),
                ("position", models.PositiveIntegerField(default=0, verbose_name="position")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="created")),
                (
                    "rating_count",
                    models.PositiveIntegerField(db_default=0, default=0, editable=False, verbose_name="rating count"),
                ),
                (
                    "rating_sum",
                    models.PositiveIntegerField(db_default=0, default=0, editable=False, verbose_name="rating sum"),
                ),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="products",
                        to="shop.category",
                        verbose_name="category",
                    ),
                ),
            ],
            options={
                "verbose_name": "product",
                "verbose_name_plural": "products",
                "ordering": ["position", "id"],
                "permissions": [("restock_product", "Can restock products"), ("correct_stock", "Can correct stock")],
            },
        ),
        migrations.CreateModel(
            name="LowStock",
            fields=[],
            options={
                "verbose_name": "product low in stock",
                "verbose_name_plural": "low stock",
                "proxy": True,
                "default_permissions": (),
                "indexes": [],
                "constraints": [],
            },
            bases=("shop.product",),
        ),
        migrations.CreateModel(
            name="ProductText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "language",
                    models.CharField(help_text="language code, such as de", max_length=8, verbose_name="language"),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("tagline", models.CharField(blank=True, max_length=120, verbose_name="tagline")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="texts",
                        to="shop.product",
                        verbose_name="product",
                    ),
                ),
            ],
            options={
                "verbose_name": "translation",
                "verbose_name_plural": "translations",
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("author", models.CharField(blank=True, max_length=60, verbose_name="author")),
                (
                    "stars",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "1"), (2, "2"), (3, "3"), (4, "4"), (5, "5")], verbose_name="stars"
                    ),
                ),
                ("title", models.CharField(max_length=80, verbose_name="title")),
                ("text", models.TextField(blank=True, max_length=2000, verbose_name="text")),
                ("is_shown", models.BooleanField(default=True, verbose_name="published")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="written")),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="orders.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reviews",
                        to="shop.product",
                        verbose_name="product",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="reviews",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "review",
                "verbose_name_plural": "reviews",
                "ordering": ["-at", "-id"],
                "permissions": [("moderate_review", "Can hide and publish reviews")],
            },
        ),
        migrations.CreateModel(
            name="SavedAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("line1", models.CharField(max_length=200, verbose_name="street and number")),
                ("city", models.CharField(max_length=100, verbose_name="city")),
                ("postcode", models.CharField(max_length=20, verbose_name="postcode")),
                ("country", models.CharField(max_length=2, verbose_name="country")),
                ("is_default", models.BooleanField(default=False, verbose_name="default address")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="addresses",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "saved address",
                "verbose_name_plural": "saved addresses",
                "ordering": ["-is_default", "-id"],
            },
        ),
        migrations.CreateModel(
            name="StockMovement",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("quantity", models.IntegerField(verbose_name="quantity")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("restock", "restock"),
                            ("sale", "sale"),
                            ("release", "release"),
                            ("correction", "correction"),
                        ],
                        max_length=12,
                        verbose_name="reason",
                    ),
                ),
                ("reference", models.CharField(blank=True, db_index=True, max_length=100, verbose_name="reference")),
                ("note", models.CharField(blank=True, db_default="", default="", max_length=200, verbose_name="note")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="time")),
                (
                    "product",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="movements",
                        to="shop.product",
                        verbose_name="product",
                    ),
                ),
            ],
            options={
                "verbose_name": "stock movement",
                "verbose_name_plural": "stock movements",
                "ordering": ["at", "id"],
            },
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("email"),
                condition=models.Q(("email", ""), _negated=True),
                name="shop_user_email_is_unique",
                violation_error_message="An account with this e-mail address already exists.",
            ),
        ),
        migrations.AddConstraint(
            model_name="categorytext",
            constraint=models.UniqueConstraint(fields=("category", "language"), name="shop_categorytext_once"),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(fields=("order", "edition"), name="shop_one_invoice_an_edition"),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("is_listed", True)), fields=["category", "position"], name="shop_listed"
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("is_listed", True)), fields=["category", "price", "id"], name="shop_listed_by_price"
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("is_listed", True)),
                fields=["category", "-created_at", "-id"],
                name="shop_listed_by_age",
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(condition=models.Q(("is_listed", True)), fields=["position", "id"], name="shop_all"),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("is_listed", True)), fields=["price", "id"], name="shop_all_by_price"
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("is_listed", True)), fields=["-created_at", "-id"], name="shop_all_by_age"
            ),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                condition=models.Q(("is_listed", True), ("runs_low", True)), fields=["id"], name="shop_low_stock"
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.CheckConstraint(
                condition=models.Q(("stock__gte", 0)), name="shop_product_stock_is_never_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="producttext",
            constraint=models.UniqueConstraint(fields=("product", "language"), name="shop_producttext_once"),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(
                condition=models.Q(("is_shown", True)), fields=["product", "-at", "-id"], name="shop_review_newest"
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.UniqueConstraint(fields=("product", "user"), name="shop_review_once_by_a_shopper"),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(("stars__gte", 1), ("stars__lte", 5)), name="shop_review_stars_are_1_to_5"
            ),
        ),
        migrations.AddConstraint(
            model_name="savedaddress",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True)), fields=("user",), name="shop_savedaddress_one_default_a_user"
            ),
        ),
        migrations.AddIndex(
            model_name="stockmovement",
            index=models.Index(
                fields=["product", "-at", "-id", "quantity", "reason"], name="shop_stockmovement_newest"
            ),
        ),
        migrations.AddConstraint(
            model_name="stockmovement",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity", 0), _negated=True), name="shop_stockmovement_moves_something"
            ),
        ),
    ]
