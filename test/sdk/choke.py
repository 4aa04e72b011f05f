"""The official SDKs of Python: asks for a stream and says what came of it, a line of JSON each.

Reads lines of `{"reader", "url", "model"}` and answers each with `{"text", "raised", "isApiError"}`.
"""

import json
import sys

import anthropic
import openai

MESSAGES = [{"role": "user", "content": "Hi"}]
SETTINGS = {"api_key": "any", "max_retries": 0, "timeout": 15.0}


def read_chat(url, model, texts):
    client = openai.OpenAI(base_url=f"{url}/v1", **SETTINGS)
    for chunk in client.chat.completions.create(model=model, messages=MESSAGES, stream=True):
        for choice in chunk.choices:
            texts.append(choice.delta.content or "")


def read_messages(url, model, texts):
    client = anthropic.Anthropic(base_url=url, **SETTINGS)
    with client.messages.stream(model=model, messages=MESSAGES, max_tokens=9) as stream:
        for text in stream.text_stream:
            texts.append(text)
        assert stream.get_final_message().stop_reason is not None


READERS = {
    "openai": (read_chat, openai.APIError),
    "anthropic": (read_messages, anthropic.APIError),
}


def outcome(asked):
    read, api_error = READERS[asked["reader"]]
    texts = []
    raised = None
    is_api_error = False
    try:
        read(asked["url"], asked["model"], texts)
    except Exception as error:
        raised = f"{type(error).__name__}: {error}"
        is_api_error = isinstance(error, api_error)
    return {"text": "".join(texts), "raised": raised, "isApiError": is_api_error}


for line in sys.stdin:
    print(json.dumps(outcome(json.loads(line))), flush=True)
