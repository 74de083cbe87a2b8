"""PostgreSQL and a Redis-protocol server from wheels, in one data folder, for a machine that has neither.

Whoever comes first starts them and stops them when nobody uses them any more; who comes later uses them.
"""

from .commands import ensure_for_command
from .folders import data_folder
from .services import Services

__all__ = ["Services", "data_folder", "ensure_for_command"]
