"""Sends the updates of cases.json through openapi-python-client's client, then a dry run and a refused update."""

import os

from switchboard_client import AuthenticatedClient
from switchboard_client.api.assistants import update_assistant
from switchboard_client.models import (
    AssistantTransferTool,
    CalendarIntegrationTool,
    CallTransferTool,
    CollectKeypadTool,
    DtmfInputTool,
    EndCallTool,
    Problem,
    Update,
    UpdateResult,
    UpdateVariables,
    UpdateVendorOptions,
    WarmCallTransferTool,
)
from switchboard_client.models.update_vendor_options_additional_property import UpdateVendorOptionsAdditionalProperty

client = AuthenticatedClient(os.environ["SWITCHBOARD_URL"], token=os.environ["SWITCHBOARD_KEY"])


def put(assistant: str, update: Update, dry_run: bool = False) -> UpdateResult | Problem:
    result = update_assistant.sync(assistant, client=client, body=update, dry_run=dry_run)
    assert isinstance(result, UpdateResult | Problem)  # a record only with `Prefer: respond-async`
    return result


variables, options = UpdateVariables(), UpdateVendorOptions()
variables["customer"] = "Ana"
options["autocalls"] = UpdateVendorOptionsAdditionalProperty.from_dict({"extra": [1]})
updates = [
    Update(name="Night desk"),
    Update(phone_number_id=None, min_interrupt_words=None),
    Update(speech_speed=1.1, max_duration=600, record=False, label_ids=[1, 2], mode="pipeline"),
    Update(variables=variables, vendor_options=options),
    Update(
        tools=[
            CallTransferTool(type_="call_transfer", phone_number="+4930123", custom=True, timezone="Europe/Berlin"),
            WarmCallTransferTool(
                type_="warm_call_transfer", supervisor_phone="+4930124", outbound_phone_id=12, description="Ask first."
            ),
            EndCallTool(type_="end_call", description="When all is said."),
            DtmfInputTool(type_="dtmf_input", description="In menus."),
            CollectKeypadTool(type_="collect_keypad", timeout=5, stop_key="#"),
            CalendarIntegrationTool(
                type_="calendar_integration",
                calendar_type="calcom",
                calcom_api_key="cal_1",
                calcom_event_slug="visit",
            ),
            AssistantTransferTool(type_="assistant_transfer", assistant_id=9),
        ]
    ),
]

for number, update in enumerate(updates, 1):
    result = put(f"autocalls:{number}", update)
    assert isinstance(result, UpdateResult) and result.report.applied, result
    assert result.data and result.data.id == number, result

dry = put("autocalls:1", Update(name="Night desk"), dry_run=True)
assert isinstance(dry, UpdateResult) and dry.dry_run is True and dry.request, dry
assert dry.request.body["name"] == "Night desk", dry

wrong = put("autocalls:1", Update(speech_speed=9))
assert isinstance(wrong, Problem) and wrong.code == "validation_failed" and wrong.errors, wrong
assert wrong.errors[0].pointer == "#/speech_speed", wrong
