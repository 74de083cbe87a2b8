from django.apps import AppConfig
from django.db.models.signals import post_migrate


class FindingsConfig(AppConfig):
    name = "findings"

    def ready(self) -> None:
        from .roles import create_groups

        post_migrate.connect(create_groups, sender=self)
