"""
What the fuzzer does beyond its own ideas: ids of things that exist, so that requests get further than "no such thing", and
a count of the calls with their statuses. Read by schemathesis (SCHEMATHESIS_HOOKS).
"""

import atexit
import json
import os
import random
from collections import Counter

import schemathesis

known = json.loads(os.environ["POSTERN_FUZZ_KNOWN"])
counts = Counter()
server_errors = []


def replaced(values):
    """Each value whose name is known becomes a real one, three times in four."""
    if not isinstance(values, dict):
        return values
    for name, real in known.items():
        if name in values and random.random() < 0.75:
            values[name] = random.choice(real)
    return values


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
def after_call(context, case, response):
    counts[response.status_code] += 1
    if response.status_code >= 500 and response.status_code not in (503, 504):
        server_errors.append(f"{response.status_code} {case.operation.label} {response.text[:300]}")


@atexit.register
def tell():
    with open(os.environ["POSTERN_FUZZ_COUNTS"], "w", encoding="utf-8") as file:
        json.dump({"statuses": counts, "serverErrors": server_errors[:50]}, file)
