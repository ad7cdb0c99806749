from django.db import migrations

ROWS = 2000
#: Which tax an older order contains is not known: its lines have no rate, and it has no line of tax.
FILL = """
    INSERT INTO orders_amountline (order_id, kind, amount, is_included)
    SELECT id, 'goods', subtotal, {no} FROM orders_order
    WHERE id BETWEEN %s AND %s AND NOT EXISTS (SELECT 1 FROM orders_amountline WHERE order_id = orders_order.id)
    UNION ALL
    SELECT id, 'delivery', shipping_price, {no} FROM orders_order WHERE shipping_price > 0
    AND id BETWEEN %s AND %s AND NOT EXISTS (SELECT 1 FROM orders_amountline WHERE order_id = orders_order.id)
"""


def fill(apps, schema_editor):
    """Goods and delivery of each order without lines. Each batch is one statement; repeated, it changes nothing."""
    connection = schema_editor.connection
    orders = apps.get_model("orders", "Order").objects.using(connection.alias)
    statement = FILL.format(no="false" if connection.vendor == "postgresql" else "0")
    after = 0
    while ids := list(orders.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:ROWS]):
        after = ids[-1]
        with connection.cursor() as cursor:
            cursor.execute(statement, [ids[0], after] * 2)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("orders", "0008_amount_lines")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
