// Sends the updates of cases.json through openapi-generator's typescript-fetch client, then a dry run and a refused update.
import { AssistantsApi, Configuration, ResponseError, ProblemFromJSON, type Update } from "./client/index.js";

const { SWITCHBOARD_URL: basePath, SWITCHBOARD_KEY: key } = process.env;
const api = new AssistantsApi(new Configuration({ basePath: basePath ?? "", accessToken: key ?? "" }));
const updates: Update[] = [
  { name: "Night desk" },
  { phone_number_id: null, min_interrupt_words: null },
  { speech_speed: 1.1, max_duration: 600, record: false, label_ids: [1, 2], mode: "pipeline" },
  { variables: { customer: "Ana" }, vendor_options: { autocalls: { extra: [1] } } },
  {
    tools: [
      { type: "call_transfer", phone_number: "+4930123", custom: true, timezone: "Europe/Berlin" },
      { type: "warm_call_transfer", supervisor_phone: "+4930124", outbound_phone_id: 12, description: "Ask first." },
      { type: "end_call", description: "When all is said." },
      { type: "dtmf_input", description: "In menus." },
      { type: "collect_keypad", timeout: 5, stop_key: "#" },
      { type: "calendar_integration", calendar_type: "calcom", calcom_api_key: "cal_1", calcom_event_slug: "visit" },
      { type: "assistant_transfer", assistant_id: 9 },
    ],
  },
];

for (const [index, update] of updates.entries()) {
  const assistant = `autocalls:${index + 1}`;
  const result = await api.updateAssistant({ assistant, update });
  if (result.report.applied.length === 0 || result.data?.id !== index + 1) throw new Error(`${assistant}: ${JSON.stringify(result)}`);
}

const dry = await api.updateAssistant({ assistant: "autocalls:1", dryRun: true, update: { name: "Night desk" } });
if (dry.dry_run !== true || dry.request?.body["name"] !== "Night desk") throw new Error(`dry run: ${JSON.stringify(dry)}`);

try {
  await api.updateAssistant({ assistant: "autocalls:1", update: { speech_speed: 9 } });
  throw new Error("a wrong value was not refused");
} catch (error) {
  if (!(error instanceof ResponseError)) throw error;
  const problem = ProblemFromJSON(await error.response.json());
  if (problem.code !== "validation_failed" || problem.errors?.[0]?.pointer !== "#/speech_speed") throw new Error(JSON.stringify(problem));
}
