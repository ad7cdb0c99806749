"""$title: declares its service, and connects its receivers."""

from django.apps import AppConfig

from extensions import Service


class ${Name}Config(AppConfig):
    name = "extensions.$name"
    default_auto_field = "django.db.models.BigAutoField"
    service = Service(queue="$name", binding="$name.#", views=("view_entry",))

    def ready(self) -> None:
        from extensions.$name import receivers

        receivers.connect()
