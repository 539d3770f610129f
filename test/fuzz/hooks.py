"""
What the fuzzer does beyond its own ideas: a token and ids of things that exist, so that requests get further than "no such
thing", and a count of the calls with their statuses. Read by schemathesis (SCHEMATHESIS_HOOKS).
"""

import atexit
import base64
import json
import os
import random
from collections import Counter

import schemathesis

known = json.loads(os.environ["POSTERN_FUZZ_KNOWN"])
token = os.environ["POSTERN_FUZZ_TOKEN"]
counts = Counter()
server_errors = []


def own_identity():
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["identityId"]


# The generator learns ids from answers, this one too: whoever disabled it would see nothing but 401 from then on.
own = own_identity()


def replaced(values):
    """Each value whose name is known becomes a real one, three times in four."""
    if not isinstance(values, dict):
        return values
    for name, real in known.items():
        if name in values and random.random() < 0.75:
            values[name] = random.choice(real)
    values.update(replaced_own(values))
    return values


def replaced_own(values):
    return {name: random.choice(known["identityId"]) for name, value in values.items() if value == own}


# Classes of characters that the generator does not know, by ones that it does.
spelled = {
    r"\P{Cc}": r"[^\x00-\x1f\x7f-\x9f]",
    r"\p{Cc}": r"\x00-\x1f\x7f-\x9f",
    r"\p{Cs}": r"\ud800-\udfff",
    r"\p{C}": r"\x00-\x1f\x7f-\x9f",
}


def readable(schema):
    if isinstance(schema, list):
        return [readable(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    clear = {key: readable(value) for key, value in schema.items()}
    if isinstance(clear.get("pattern"), str):
        for unknown, known_class in spelled.items():
            clear["pattern"] = clear["pattern"].replace(unknown, known_class)
    return clear


@schemathesis.hook
def before_load_schema(context, raw_schema):
    raw_schema["paths"] = readable(raw_schema["paths"])
    raw_schema["components"] = readable(raw_schema.get("components", {}))


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    return replaced(path_parameters)


@schemathesis.hook
def map_query(context, query):
    return replaced(query)


@schemathesis.hook
def map_body(context, body):
    return replaced(body)


@schemathesis.hook
def before_call(context, case, kwargs):
    """The generator makes credentials up; 19 times in 20 the real one gets the request past the door."""
    if random.random() < 0.95:
        case.headers["Authorization"] = f"Bearer {token}"
        case.cookies.pop("postern_session", None)
    if case.path_parameters:
        case.path_parameters.update(replaced_own(case.path_parameters))


@schemathesis.hook
def after_call(context, case, response):
    counts[response.status_code] += 1
    if response.status_code >= 500 and response.status_code not in (503, 504):
        server_errors.append(f"{response.status_code} {case.operation.label} {response.text[:300]}")


@atexit.register
def tell():
    with open(os.environ["POSTERN_FUZZ_COUNTS"], "w", encoding="utf-8") as file:
        json.dump({"statuses": counts, "serverErrors": server_errors[:50]}, file)
