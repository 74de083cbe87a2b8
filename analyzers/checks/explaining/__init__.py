"""What a policy says, statement by statement, for somebody who never wrote one. No Django, no AWS.

`explained(found)` is the whole; `statement_in_words` one statement; `allowed_in_words` a policy in a few lines.
"""

from .explain import Explained, Remark, Told, explained
from .sentences import allowed_in_words, statement_in_words

__all__ = ["Explained", "Remark", "Told", "allowed_in_words", "explained", "statement_in_words"]
