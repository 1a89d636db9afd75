/**
 * Logs in, makes a workflow of a template, runs it and follows the run to its end.
 *
 *     API_URL=http://127.0.0.1:8000 API_USER=admin API_PASSWORD=… node frontend/examples/runTemplate.ts text-digest "A long text."
 */
import {
  executeWorkflow,
  instantiateTemplate,
  listTemplates,
  readExecution,
} from "../src/api/index.ts";
import type { Client } from "../src/api/client/index.ts";
import type { Event as RunEvent, Execution, Step } from "../src/api/index.ts";
import { openSession, taken } from "./session.ts";

/** The last message of a stream. */
type End = { status: string; last: number };

async function main(templateId: string, input: string): Promise<void> {
  const { API_URL = "http://127.0.0.1:8000", API_USER = "admin", API_PASSWORD = "" } = process.env;
  const client = await openSession(API_URL, API_USER, API_PASSWORD);
  const page = taken(await listTemplates({ client, query: { limit: 200 } }));
  console.log(`${page.results.length} templates, ${templateId} among them:`);
  console.log(page.results.some((one) => one.id === templateId));
  const workflow = taken(
    await instantiateTemplate({
      client,
      path: { template_id: templateId },
      body: { name: "Made by the TypeScript client" },
    }),
  );
  for (const step of workflow.definition.steps ?? []) {
    console.log(`  ${step.id}: ${told(step)}`);
  }
  const started = taken(
    await executeWorkflow({
      client,
      path: { workflow_id: workflow.id },
      headers: { "Idempotency-Key": `example-${workflow.id}` },
      body: { user_input: input },
    }),
  );
  const ended = await follow(client, started.id);
  console.log(`${ended.status}: ${JSON.stringify(ended.output)}`);
}

/** A step in a few words: the compiler knows the fields of each type. */
function told(step: Step): string {
  switch (step.type) {
    case "tool":
      return `calls ${step.tool ?? "a tool to be chosen"}`;
    case "agent":
      return `asks ${step.agent_id ?? step.agent?.name ?? "an agent to be chosen"}`;
    case "parallel":
      return `${step.branches.length} branches at the same time`;
    case "loop":
      return `repeats ${step.steps.length} steps`;
    case "conditional":
    case "approval":
    case "wait":
    case "set":
    case "workflow":
    case "end":
      return step.type;
  }
}

/** Tells each event as it happens; gives the run as it ended. */
async function follow(client: Client, executionId: string): Promise<Execution> {
  const { stream } = await client.sse.get<{ 200: RunEvent | End }>({
    url: "/api/v1/workflows/executions/{execution_id}/events",
    path: { execution_id: executionId },
    headers: { Accept: "text/event-stream" },
    security: [{ name: "Authorization", type: "apiKey" }],
  });
  for await (const news of stream) {
    if (!("number" in news)) {
      break; // the end
    }
    console.log(`  ${news.number} ${news.kind} ${JSON.stringify(news.data)}`);
  }
  return taken(await readExecution({ client, path: { execution_id: executionId } }));
}

await main(process.argv[2] ?? "text-digest", process.argv[3] ?? "A text. It is short.");
