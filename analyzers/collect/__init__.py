"""Reading what exists from AWS: `services` has one module per service, the rest brings them to accounts and regions.

Only reading calls are made, and only those that a service's module lists: from these lists comes the policy that the
collecting role needs (`permissions.py`).
"""
