"""A scan from request to result: planned into chunks, leased by workers, recorded chunk by chunk."""

from .plan import request_scan
from .work import hand_out_again, work

__all__ = ["hand_out_again", "request_scan", "work"]
