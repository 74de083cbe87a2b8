"""A model in Amazon Bedrock, asked through Converse.

https://docs.aws.amazon.com/bedrock/latest/userguide/tool-use-inference-call.html
"""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .wording import SCHEMA, TASK, TOOL, NoWording

MAX_TOKENS = 4_096


class Model:
    """Region, credentials and endpoint (AWS_ENDPOINT_URL_BEDROCK_RUNTIME) as for every AWS client."""

    def __init__(self, model: str, *, read_timeout: float = 60, attempts: int = 3) -> None:
        self._model = model
        config = Config(
            connect_timeout=5,
            read_timeout=read_timeout,
            retries={"total_max_attempts": attempts, "mode": "standard"},
        )
        try:
            self._client = boto3.client("bedrock-runtime", config=config)
        except (BotoCoreError, ValueError) as error:
            raise NoWording(f"Bedrock cannot be asked ({type(error).__name__})") from None

    def __call__(self, facts: str) -> Any:
        """The input of the tool. Raises NoWording."""
        try:
            answer = self._client.converse(
                modelId=self._model,
                system=[{"text": TASK}],
                messages=[{"role": "user", "content": [{"text": json.dumps({"facts": json.loads(facts)})}]}],
                inferenceConfig={"maxTokens": MAX_TOKENS, "temperature": 0.0},
                toolConfig={
                    "tools": [{"toolSpec": {"name": TOOL, "description": TASK, "inputSchema": {"json": SCHEMA}}}],
                    "toolChoice": {"tool": {"name": TOOL}},
                },
            )
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))[:60]
            raise NoWording(f"Bedrock refused ({code})") from None
        except (BotoCoreError, ValueError) as error:
            raise NoWording(f"Bedrock did not answer ({type(error).__name__})") from None
        return _input(answer)


def _input(answer: dict[str, Any]) -> Any:
    reason = str(answer.get("stopReason", ""))[:40]
    content = ((answer.get("output") or {}).get("message") or {}).get("content") or []
    used = [one["toolUse"] for one in content if isinstance(one, dict) and one.get("toolUse")]
    if reason != "tool_use" or len(used) != 1 or used[0].get("name") != TOOL:
        raise NoWording(f"the model did not answer in the form that was asked for ({reason})")
    return used[0].get("input")
