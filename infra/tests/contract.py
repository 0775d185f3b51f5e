"""docs/openapi.yaml and docs/asyncapi.yaml, and the page that is rendered from them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import yaml
from tools.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS, EVENTS = ROOT / "docs", ROOT / "tests/events"
PAGE = DOCS / "contracts.md"
INTRODUCTION = """Rendered from [openapi.yaml](openapi.yaml) and [asyncapi.yaml](asyncapi.yaml) by
`infra/tests/contracts --write`. Tests hold both to the template, the services' answers and the events on the bus."""
METHODS = ("get", "post", "put", "patch", "delete")
# An example's line comes after a comment that names its file.
EXAMPLE = re.compile(r"(# tests/events/(\S+)\n\s+- payload: ).*")

Document = dict[str, Any]


def load(name: str) -> Document:
    """Return a contract as data."""
    document: Document = yaml.safe_load((DOCS / name).read_text())
    return document


def golden(name: str) -> Document:
    """Return one of the examples that the services' tests read."""
    event: Document = json.loads((EVENTS / name).read_text())
    return event


def with_examples(asyncapi: str) -> str:
    """Return the text of asyncapi.yaml with every example as it is in its file."""
    return EXAMPLE.sub(lambda match: match[1] + json.dumps(golden(match[2])), asyncapi)


def deref(document: Document, value: Document) -> Document:
    """Return what a `$ref` stands for, with what stands beside it; or the value itself."""
    if "$ref" not in value:
        return value
    found: Any = document
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/")]
    return deref(document, found) | {name: other for name, other in value.items() if name != "$ref"}


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Yield path, method and operation, with the path's own parameters added."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                operation = item[method]
                yield path, method, operation | {"parameters": item["parameters"] + operation.get("parameters", [])}


def strict(schema: Any) -> Any:  # noqa: ANN401, any part of a schema
    """Return a schema that allows no property that it does not name: what is sent has to be in the contract, though
    whoever reads it has to ignore what is not.
    """
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: strict(item) for name, item in schema.items()}
    if made.get("type") == "object" and "properties" in made:
        made["additionalProperties"] = False
    return made


def rendered() -> str:
    """Return the page."""
    openapi, asyncapi = load("openapi.yaml"), load("asyncapi.yaml")
    lines = [
        "# Contracts",
        "",
        INTRODUCTION,
        "",
        "## HTTP",
        *(
            line
            for path, method, operation in operations(openapi)
            for line in _operation(openapi, path, method, operation)
        ),
        "",
        "## Events",
        asyncapi["info"]["description"],
        *(line for name in asyncapi["components"]["messages"] for line in _message(asyncapi, name)),
    ]
    return "\n".join(lines) + "\n"


def _operation(document: Document, path: str, method: str, operation: Document) -> Iterator[str]:
    yield from ["", f"### `{method.upper()} {path}`", operation["summary"], ""]
    yield from ["| parameter | in | |", "|---|---|---|"]
    for listed in operation["parameters"]:
        parameter = deref(document, listed)
        yield f"| `{parameter['name']}` | {parameter['in']} | {parameter['description']} |"
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        yield from ["", "The body:", ""]
        yield from _fields(document, deref(document, schema))
    yield from ["", "| status | | body |", "|---|---|---|"]
    for status, listed in operation["responses"].items():
        response = deref(document, listed)
        bodies = [
            f"`{content['schema']['$ref'].rpartition('/')[2]}`" for content in response.get("content", {}).values()
        ]
        yield f"| {status} | {response['description']} | {', '.join(bodies)} |"
    success = next(iter(operation["responses"].values()))
    schema = success["content"]["application/json"]["schema"]
    yield from ["", f"`{schema['$ref'].rpartition('/')[2]}`:", ""]
    yield from _fields(document, deref(document, schema))


def _message(document: Document, name: str) -> Iterator[str]:
    message = document["components"]["messages"][name]
    properties = message["payload"]["properties"]
    file = f"{message['name'].lower().replace(' ', '-')}.json"
    receivers = [
        key.removesuffix("-receives")
        for key, operation in document["operations"].items()
        if operation["action"] == "receive" and {"$ref": f"#/channels/bus/messages/{name}"} in operation["messages"]
    ]
    source, consumers = properties["source"]["const"], ", ".join(receivers) or "nobody"
    yield from ["", f"### {message['name']}"]
    yield f"{message['summary']} From `{source}` to {consumers}. [Example](../tests/events/{file})."
    yield ""
    yield from _fields(document, deref(document, properties["detail"]))


def _fields(document: Document, schema: Document) -> Iterator[str]:
    yield from ["| field | type | |", "|---|---|---|"]
    required = schema.get("required", [])
    for name, listed in schema["properties"].items():
        field = deref(document, listed)
        optional = "" if name in required else "optional. "
        yield f"| `{name}` | {_type(document, field)} | {optional}{field.get('description', '')} |"


def _type(document: Document, field: Document) -> str:
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field["type"] == "array":
        return f"list of {_type(document, deref(document, field['items']))}"
    if field["type"] == "object":
        return f"object ({', '.join(f'`{name}`' for name in field['properties'])})"
    bounds = [f"{word} {field[key]}" for key, word in {"minimum": "from", "maximum": "to"}.items() if key in field]
    return " ".join([field["type"], *bounds])
