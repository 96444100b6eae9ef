"""What schemathesis has to know of the gateway that no document for all gateways can say."""

import copy
import json
from pathlib import Path

import schemathesis
from hypothesis import strategies as st

CONTRACTS = Path(__file__).resolve().parents[2] / "vendors" / "contracts"

# The fields that say the same in two ways, and the list in which a vendor has both.
TWINS = {
    "voice": ("voice_id", "voices"),
    "language": ("language_id", "languages"),
    "llm_model": ("llm_model_id", "models"),
    "multimodal_model": ("multimodal_model_id", "multimodal_models"),
}


def names(kind):
    """Every name that some vendor's list has."""
    lists = [json.loads(path.read_text()).get(kind, []) for path in sorted(CONTRACTS.glob("*/catalogs.json"))]
    return sorted({entry["name"] for entries in lists for entry in entries})


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """`PUT` speaks of voices, languages and models by id, `PATCH` by the names that accounts have.

    Which names there are is an account's matter; and sixteen ways to leave out one of each pair are more than the
    generator can lay out. That both of a pair are refused is proven by the tests of the canonical schema.
    """
    # The examples are assistants at several vendors; schemathesis.toml says which to use where.
    del raw_schema["components"]["parameters"]["assistant"]["examples"]
    schemas = raw_schema["components"]["schemas"]
    for method, by in (("put", "Id"), ("patch", "Name")):
        schema = schemas[f"UpdateBy{by}"] = copy.deepcopy(schemas["Update"])
        schema["allOf"] = [rule for rule in schema["allOf"] if "not" not in rule]
        for name, (id_, kind) in TWINS.items():
            del schema["properties"][name if by == "Id" else id_]
            if by == "Name":
                schema["properties"][name] = {"type": "string", "enum": names(kind)}
        operation = raw_schema["paths"]["/v1/assistants/{assistant}"][method]
        for content in operation["requestBody"]["content"].values():
            content["schema"] = {"$ref": f"#/components/schemas/UpdateBy{by}"}


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes valid what is valid by the schema alone."""
    if case.meta and case.meta.generation.mode.is_positive and isinstance(case.body, dict):
        case.body = with_integers(case.body)
        # In which mode the assistant is, only its vendor knows; these are refused in some.
        if case.body.get("knowledgebase_mode") == "prompt" or case.body.get("allow_interruptions") is False:
            case.body.setdefault("mode", "pipeline")


def with_integers(value):
    """To JSON Schema `1.0` is an integer; the gateway sends numbers on as they are written, and takes digits only."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [with_integers(item) for item in value]
    if isinstance(value, dict):
        return {key: with_integers(item) for key, item in value.items()}
    return value


# RFC 7240, section 2: what a caller may prefer, `handling` first among it.
token = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
ignored = st.builds("{}={}".format, token.filter(lambda name: name != "handling"), token)
handling = st.sampled_from(["handling=strict", "handling=lenient", 'Handling = "lenient"'])
schemathesis.openapi.format("prefer", st.lists(ignored, max_size=2).flatmap(
    lambda others: handling.map(lambda first: ", ".join([first, *others]))
))
