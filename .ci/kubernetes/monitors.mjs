// Validates ServiceMonitors and PrometheusRules, a JSON list on standard input, against the operator's schemas. They check the
// types of known keys and that required ones are there.
import { readFileSync } from "node:fs";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";
import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";

const kinds = { ServiceMonitor, PrometheusRule };
for (const resource of JSON.parse(readFileSync(0, "utf8"))) {
  new kinds[resource.kind](resource).validate();
  console.log(`${resource.kind} ${resource.metadata.name}`);
}
