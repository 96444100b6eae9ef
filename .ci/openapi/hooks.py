"""Tells schemathesis what the OpenAPI document, which is the same for all gateways, cannot say about this gateway."""

import copy
import json
from pathlib import Path

import schemathesis
from hypothesis import strategies as st

VENDORS = ["autocalls", "famulor", "gloriagent", "intellixent", "sondos"]
CONTRACTS = Path(__file__).resolve().parents[2] / "vendors" / "contracts"

# Pairs of fields for one setting, by name and by id, and the catalog that has both.
TWINS = {
    "voice": ("voice_id", "voices"),
    "language": ("language_id", "languages"),
    "llm_model": ("llm_model_id", "models"),
    "multimodal_model": ("multimodal_model_id", "multimodal_models"),
}

# Fields that no vendor of the family here documents.
OF_OTHER_FAMILIES = [
    "end_call_after_silence", "keywords", "tts_model", "llm_fallback_models", "first_message_interruptible",
]

# What a calendar integration needs, by its type.
CALENDAR = {"calcom": ("calcom_api_key", "calcom_event_slug"), "calendly": ("calendly_api_key", "calendly_event_type_uri")}


def names(kind):
    """All names in the vendors' catalogs of this kind."""
    paths = [CONTRACTS / vendor / "catalogs.json" for vendor in VENDORS]
    lists = [json.loads(path.read_text()).get(kind, []) for path in paths]
    return sorted({entry["name"] for entries in lists for entry in entries})


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Lets `PUT` use ids of voices, languages and models, and `PATCH` their names.

    Names depend on the account, so they come from its catalogs. Both fields of a pair together are refused, which the document
    only says in words; the tests of the canonical schema prove it.
    """
    # The examples are assistants at several vendors; schemathesis.toml says which one to use for which operation.
    del raw_schema["components"]["parameters"]["assistant"]["examples"]
    schemas = raw_schema["components"]["schemas"]
    # All of the vendors here have integers as ids.
    schemas["Id"] = {"type": "integer"}
    for method, by in (("put", "Id"), ("patch", "Name")):
        schema = schemas[f"UpdateBy{by}"] = copy.deepcopy(schemas["Update"])
        for name in OF_OTHER_FAMILIES:
            del schema["properties"][name]
        for name, (id_, kind) in TWINS.items():
            del schema["properties"][name if by == "Id" else id_]
            if by == "Name":
                schema["properties"][name] = {"type": "string", "enum": names(kind)}
        operation = raw_schema["paths"]["/v1/assistants/{assistant}"][method]
        for content in operation["requestBody"]["content"].values():
            content["schema"] = {"$ref": f"#/components/schemas/UpdateBy{by}"}


@schemathesis.hook
def before_call(context, case, kwargs):
    """Changes bodies that are valid by the schema but not by the gateway's other rules."""
    # Only one vendor takes every valid update.
    if case.meta and case.meta.generation.mode.is_positive and case.method == "PUT":
        case.path_parameters["assistant"] = "sales-bot"
    if case.meta and case.meta.generation.mode.is_positive and isinstance(case.body, dict):
        case.body = with_integers(case.body)
        # These values are refused in other modes, and only the vendor knows the assistant's.
        if case.body.get("knowledgebase_mode") == "prompt" or case.body.get("allow_interruptions") is False:
            case.body["mode"] = "pipeline"
        # Only this gateway's accounts may be named; the document is the same at all gateways.
        if isinstance(options := case.body.get("vendor_options"), dict):
            case.body["vendor_options"] = {name: value for name, value in options.items() if name in VENDORS}
        for tool in case.body.get("tools", []):
            if tool["type"] == "calendar_integration":
                for name in CALENDAR[tool.get("calendar_type", "calcom")]:
                    tool.setdefault(name, "x")


def with_integers(value):
    """JSON Schema accepts `1.0` as an integer. The gateway forwards numbers as written and accepts only digits."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [with_integers(item) for item in value]
    if isinstance(value, dict):
        return {key: with_integers(item) for key, item in value.items()}
    return value


# RFC 7240, section 2: preferences of a caller, with `handling` first.
token = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
ignored = st.builds("{}={}".format, token.filter(lambda name: name not in ("handling", "wait")), token)
later = st.builds("wait={}".format, st.integers(0, 2))
handling = st.sampled_from(["handling=strict", "handling=lenient", 'Handling = "lenient"'])
schemathesis.openapi.format("prefer", st.lists(ignored | later, max_size=2).flatmap(
    lambda others: handling.map(lambda first: ", ".join([first, *others]))
))
