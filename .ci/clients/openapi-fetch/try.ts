// Sends the updates of cases.json through the types of openapi-typescript, then a dry run and a refused update.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Update = components["schemas"]["Update"];

const { SWITCHBOARD_URL: baseUrl, SWITCHBOARD_KEY: key } = process.env;
const client = createClient<paths>({ baseUrl: baseUrl ?? "", headers: { Authorization: `Bearer ${key}` } });
const tools: Update["tools"] = [
  { type: "call_transfer", phone_number: "+4930123", custom: true, timezone: "Europe/Berlin" },
  { type: "warm_call_transfer", supervisor_phone: "+4930124", outbound_phone_id: 12, description: "Ask first." },
  { type: "end_call", description: "When all is said." },
  { type: "dtmf_input", description: "In menus." },
  { type: "collect_keypad", timeout: 5, stop_key: "#" },
  { type: "calendar_integration", calendar_type: "calcom", calcom_api_key: "cal_1", calcom_event_slug: "visit" },
  { type: "assistant_transfer", assistant_id: 9 },
];
const updates: Update[] = [
  { name: "Night desk" },
  { phone_number_id: null, min_interrupt_words: null },
  { speech_speed: 1.1, max_duration: 600, record: false, label_ids: [1, 2], mode: "pipeline" },
  { variables: { customer: "Ana" }, vendor_options: { autocalls: { extra: [1] } } },
  { tools },
];

for (const [index, body] of updates.entries()) {
  const assistant = `autocalls:${index + 1}`;
  const { data, error } = await client.PUT("/v1/assistants/{assistant}", { params: { path: { assistant } }, body });
  if (error) throw new Error(`${assistant}: ${error.code} ${JSON.stringify(error.errors)}`);
  if (!("report" in data)) throw new Error(`${assistant}: it is to be delivered later`);
  const applied: string[] = data.report.applied;
  if (applied.length === 0 || data.data?.id !== index + 1) throw new Error(`${assistant}: ${JSON.stringify(data)}`);
}

const dry = await client.PUT("/v1/assistants/{assistant}", {
  params: { path: { assistant: "autocalls:1" }, query: { dry_run: true } },
  body: { name: "Night desk" },
});
if (!dry.data || !("report" in dry.data) || dry.data.dry_run !== true || dry.data.request?.body["name"] !== "Night desk") throw new Error("dry run");

const wrong = await client.PUT("/v1/assistants/{assistant}", {
  params: { path: { assistant: "autocalls:1" } },
  body: { speech_speed: 9 },
});
const code: components["schemas"]["Code"] | undefined = wrong.error?.code;
if (code !== "validation_failed" || wrong.error?.errors?.[0]?.pointer !== "#/speech_speed") throw new Error("error");
