"""`awl serve` asked by OpenAI's own Python client: every kind of call the server answers, with what must come back.

    pip install openai==2.* ; awl serve --model SmolLM2-135M-Instruct.Q4_1.gguf --name smol --port 8000 &
    python benchmarks/peers/check_serve.py --url http://127.0.0.1:8000/v1 --model smol [--key KEY]

Ends with status 1 where something is not as it must be; says what was seen.
"""

import argparse
import sys

import openai

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Current weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}

failed = []


def check(name, good, seen=""):
    print(f"{'ok  ' if good else 'WRONG'} {name}: {seen}")
    if not good:
        failed.append(name)


def refused(call, kind, param=None):
    try:
        call()
    except kind as error:
        return (error.param == param if param else True), f"{type(error).__name__}: {error}"[:160]
    return False, "no error"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", default="http://127.0.0.1:8000/v1")
    parser.add_argument("--model", default="smol")
    parser.add_argument("--key", default="none")
    args = parser.parse_args()
    client = openai.OpenAI(base_url=args.url, api_key=args.key, max_retries=0)
    ask = [{"role": "user", "content": "What is the capital of France?"}]
    print("openai", openai.__version__)

    names = [m.id for m in client.models.list()]
    check("models.list", args.model in names, names)
    check("models.retrieve", client.models.retrieve(args.model).id == args.model)

    def chat(**more):
        return client.chat.completions.create(**{"model": args.model, "messages": ask, "temperature": 0, **more})

    whole = chat(max_tokens=40)
    text = whole.choices[0].message.content
    check("chat", bool(text) and whole.usage.completion_tokens > 0, text)
    check("greedy is repeatable", chat(max_tokens=40).choices[0].message.content == text)

    pieces, usage, finish = [], None, None
    for chunk in chat(max_tokens=40, stream=True, stream_options={"include_usage": True}):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            pieces.append(choice.delta.content or "")
            finish = choice.finish_reason or finish
    check("stream = whole", "".join(pieces) == text, f"{len(pieces)} pieces, finish {finish}")
    check("stream usage", usage is not None and usage.completion_tokens == whole.usage.completion_tokens, usage)

    several = chat(max_tokens=12, n=3, temperature=1.0, seed=7)
    again = chat(max_tokens=12, n=3, temperature=1.0, seed=7)
    texts = [c.message.content for c in several.choices]
    check("n = 3, seed", len(set(texts)) > 1 and texts == [c.message.content for c in again.choices], texts)

    word = text.split()[1]
    stopped = chat(max_tokens=40, stop=[word])
    check("stop", word not in stopped.choices[0].message.content and stopped.choices[0].finish_reason == "stop",
          repr(stopped.choices[0].message.content))
    check("max_completion_tokens", chat(max_completion_tokens=3).usage.completion_tokens == 3)

    probs = chat(max_tokens=3, logprobs=True, top_logprobs=4).choices[0].logprobs.content
    check("logprobs", len(probs) == 3 and all(p.logprob == p.top_logprobs[0].logprob for p in probs),
          [(p.token, round(p.logprob, 3)) for p in probs])

    ids = chat(max_tokens=5, extra_body={"return_token_ids": True})
    told = ids.model_extra["prompt_token_ids"], ids.choices[0].model_extra["token_ids"]
    check("return_token_ids", len(told[0]) == ids.usage.prompt_tokens and len(told[1]) == ids.usage.completion_tokens,
          told[1])

    plain = client.completions.create(model=args.model, prompt=told[0], max_tokens=5, temperature=0, logprobs=1)
    check("completions of ids", plain.choices[0].text == ids.choices[0].message.content, repr(plain.choices[0].text))
    two = client.completions.create(model=args.model, prompt=["One, two,", "Red, green,"], max_tokens=4, temperature=0)
    check("completions of two prompts", len(two.choices) == 2, [c.text for c in two.choices])

    tool = client.chat.completions.create(
        model=args.model, messages=[{"role": "user", "content": "What is the weather in Paris?"}],
        tools=[WEATHER], temperature=0, max_tokens=60)
    message = tool.choices[0].message
    calls = message.tool_calls or []
    check("tools", tool.choices[0].finish_reason in ("tool_calls", "stop", "length"),
          [(c.function.name, c.function.arguments) for c in calls] or repr(message.content))
    call = {"id": "call_1", "type": "function",
            "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}
    reply = client.chat.completions.create(
        model=args.model, tools=[WEATHER], temperature=0, max_tokens=40,
        messages=[{"role": "user", "content": "What is the weather in Paris?"},
                  {"role": "assistant", "content": None, "tool_calls": [call]},
                  {"role": "tool", "tool_call_id": "call_1", "content": "18 degrees, sunny"}])
    check("a tool's reply goes in", reply.usage.completion_tokens > 0, repr(reply.choices[0].message.content))

    for name, kind, param, more in [
        ("an unknown field", openai.BadRequestError, "frobnicate", {"extra_body": {"frobnicate": 1}}),
        ("temperature out of range", openai.BadRequestError, "temperature", {"temperature": 9}),
        ("response_format", openai.BadRequestError, "response_format", {"response_format": {"type": "json_object"}}),
        ("too long for the context", openai.BadRequestError, "messages", {"max_tokens": 10**7}),
        ("another model", openai.NotFoundError, "model", {"model": "nobody"}),
    ]:
        check(f"refused: {name}", *refused(lambda: chat(**more), kind, param))
    if args.key != "none":
        other = openai.OpenAI(base_url=args.url, api_key="wrong", max_retries=0)
        check("refused: a wrong key", *refused(other.models.list, openai.AuthenticationError))

    print(f"{len(failed)} wrong" + (": " + ", ".join(failed) if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
