from django.apps import AppConfig


class AnalyzersConfig(AppConfig):
    name = "analyzers"

    def ready(self) -> None:
        """Bind shared tasks to the project's Celery application, and scans to imports."""
        import analyzer_portal.celery
        from analyzers.inventory.signals import inventory_changed
        from analyzers.scans.after_import import scan_affected

        del analyzer_portal
        inventory_changed.connect(scan_affected, dispatch_uid="scan after import")
